// Captures that wait for the server, and what became of those that it refused.
//
//   const queue = new KioskQueue(store, server, device);
//   await queue.keep(capture); await queue.send();      how many were settled
//   queue.drift: true when the device's clock is so wrong that the server takes none
//
// Each is deleted when it is answered, also with a refusal; of a refusal only time and code stay.

window.KioskQueue = class KioskQueue {
  static AT_ONCE = 10;
  static REFUSALS = 50; // the last ones are shown
  // Faults of the server or of how the device is set up: they pass, and the capture waits.
  static PASSES = new Set([403, 503]);

  constructor(store, server, device) {
    Object.assign(this, { store, server, device });
    this.atOnce = KioskQueue.AT_ONCE;
    this.drift = false;
  }

  keep(capture) {
    return this.store.keep({ ...capture, device: this.device });
  }

  count() {
    return this.store.count(this.device);
  }

  async refusals() {
    return (await this.store.get("refusals")) ?? [];
  }

  forgetRefusals() {
    return this.store.remove("refusals");
  }

  // Raises what the server raises; what was settled until then is settled.
  async send() {
    if (this.isSending) return 0;
    this.isSending = true;
    try {
      let settled = 0;
      for (;;) {
        const captures = await this.store.oldest(this.atOnce, this.device);
        if (!captures.length) return settled;
        const done = await this.#sendSome(captures);
        if (done === null) return settled;
        settled += done;
      }
    } finally {
      this.isSending = false;
    }
  }

  // How many were settled; null when the rest has to wait.
  async #sendSome(captures) {
    const { status, body } = await this.server.batch(captures);
    this.drift = body.code === "clock_drift";
    // In order; a capture whose id cannot be read is answered without one.
    if (status === 200) {
      const { results } = body;
      return this.#settle(captures, results.map((one, at) => ({ ...one, id: captures[at].id })));
    }
    if (this.drift || KioskQueue.PASSES.has(status)) return null;
    // Too large, or one of them spoils the request: smaller ones, until it is known which.
    if (captures.length > 1) {
      this.atOnce = Math.ceil(captures.length / 2);
      return 0;
    }
    this.atOnce = KioskQueue.AT_ONCE;
    return this.#settle(captures, [{ id: captures[0].id, status, answer: body }]);
  }

  async #settle(captures, results) {
    const byId = new Map(captures.map((capture) => [capture.id, capture]));
    const settled = results.filter((result) => !KioskQueue.PASSES.has(result.status));
    const refused = settled.filter(
      // That one was answered at once, and only the answer was lost.
      ({ status, answer }) => status >= 400 && answer.code !== "key_used_otherwise",
    );
    if (refused.length) {
      const noted = refused.map(({ id, answer }) => ({ at: byId.get(id)?.at, code: answer.code }));
      const all = [...(await this.refusals()), ...noted];
      await this.store.set("refusals", all.slice(-KioskQueue.REFUSALS));
    }
    await this.store.drop(settled.map((result) => result.id));
    return settled.length === results.length ? settled.length : null;
  }
};
