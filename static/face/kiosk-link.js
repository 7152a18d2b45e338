// The connection: whether the server answers, whether this device may still clock, and when to ask
// again. Sends what waits as soon as it can.
//
//   const link = new KioskLink({ parts, store, server, queue, device });
//   await link.check(); await link.failed(error); await link.show(); link.stop();
//   link.isAway; link.isHeld; link.device
//   link.onrevoked, link.onchange

window.KioskLink = class KioskLink {
  static CHECK = 60; // seconds, while the server answers
  static LONGEST = 30; // seconds, between tries to reach it

  constructor(options) {
    Object.assign(this, options);
    this.isAway = false;
    this.reason = "";
    this.tries = 0;
    this.heldUntil = 0;
    this.onrevoked = this.onchange = () => {};
  }

  // The server has said how long nothing is to be asked that nobody waits for.
  get isHeld() {
    return performance.now() < this.heldUntil;
  }

  stop() {
    clearTimeout(this.timer);
    this.isStopped = true;
  }

  #again(seconds) {
    clearTimeout(this.timer);
    if (!this.isStopped) this.timer = setTimeout(() => this.check(), seconds * 1000);
  }

  async check() {
    const tries = this.tries;
    try {
      const { status, body } = await this.server.settings();
      if (status !== 200) throw new KioskServer.Away(KioskServer.AGAIN, { code: body.code });
      this.device = body;
      this.parts.zone = body.time_zone;
      this.parts.say("device", body.name);
      await this.store.set("device", body);
      await this.queue.send();
      if (this.tries !== tries) return; // the network is gone since, and asked for again soon
      this.tries = 0;
      this.#become(false);
      this.#again(KioskLink.CHECK);
      await this.show();
    } catch (error) {
      await this.failed(error);
    }
  }

  async failed(error) {
    if (error instanceof KioskServer.Revoked) return this.onrevoked();
    if (!(error instanceof KioskServer.Away)) throw error;
    this.tries += 1;
    const wait = Math.max(error.wait, Math.min(KioskLink.LONGEST, 2 ** this.tries));
    this.heldUntil = performance.now() + wait * 1000;
    this.reason = error.code;
    // Too often is not away.
    this.#become(this.isAway || !error.isBusy);
    this.#again(wait);
    await this.show();
  }

  #become(isAway) {
    const isNew = this.isAway !== isAway;
    this.isAway = isAway;
    if (!isAway && !this.isHeld) this.reason = "";
    if (isNew) this.onchange();
  }

  async show() {
    if (this.isStopped) return;
    const { parts, queue } = this;
    const [waiting, refused] = [await queue.count(), (await queue.refusals()).length];
    const minutes = Math.round(Math.abs(Date.now() - new Date(this.device.now)) / 60_000);
    const said = [];
    if (this.isAway) said.push(this.reason ? parts.ofCode(this.reason) : parts.text("offline"));
    if (waiting) said.push(parts.text("waiting", { count: waiting }));
    if (refused) said.push(parts.text("refused", { count: refused }));
    if (queue.drift && !this.isAway) said.push(parts.text("clock_wrong", { minutes }));
    parts.say("link", said.join(" · "));
    parts.find("say", "link").classList.toggle("is-away", this.isAway || queue.drift || refused > 0);
  }
};
