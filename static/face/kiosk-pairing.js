// How a kiosk gets its key, and loses it.
//
//   const pairing = new KioskPairing({ parts, store, data, onask, onpaired });
//   pairing.keyOfLink(); await pairing.pair(key); pairing.ask(problem); await pairing.unpair(form);
//
// onask: the page is about to ask for a key, so everything else has to stop.

window.KioskPairing = class KioskPairing {
  constructor(options) {
    Object.assign(this, options);
    this.parts.onSubmit("pair", (form) => this.pair(form.elements.key.value));
    this.parts.on("drop-others", () => this.#dropOthers());
  }

  // A link holds the key behind the #, which no server is told; it goes from the address at once.
  keyOfLink() {
    const key = new URLSearchParams(location.hash.slice(1)).get("key");
    if (key) history.replaceState(null, "", location.pathname);
    return key;
  }

  ask(problem = "") {
    this.onask();
    this.parts.show("pair");
    this.parts.say("pair-problem", problem);
    this.parts.say("device", "");
    this.parts.say("link", "");
    this.parts.find("do", "drop-others").hidden = true;
  }

  async pair(typed) {
    const { parts, store, data } = this;
    const key = typed.replace(/\s/g, "").toLowerCase();
    if (!/^[0-9a-f]{64}$/.test(key)) return this.ask(parts.text("not_a_key"));
    KioskShell.fillScreen(); // now: by the time that the server has answered, the touch is long ago
    let answer;
    try {
      answer = await new KioskServer(data, key).settings();
    } catch (error) {
      const isRefused = error instanceof KioskServer.Revoked;
      return this.ask(isRefused ? parts.ofCode("authentication_failed") : parts.text("no_connection"));
    }
    if (answer.status !== 200) return this.ask(parts.ofCode(answer.body.code));
    const others = await store.others(answer.body.id);
    if (others.length) return this.#askAboutOthers(others);
    await store.set("key", key);
    await store.set("device", answer.body);
    parts.find("form", "pair").reset();
    await this.onpaired();
  }

  // What another device has seen must not be sent as if this one had.
  async #askAboutOthers(others) {
    const { name = "" } = (await this.store.get("device")) ?? {};
    this.ask(this.parts.text("others_wait", { count: others.length, device: name }));
    this.parts.find("do", "drop-others").hidden = false;
  }

  async #dropOthers() {
    await this.#dropAll();
    this.ask();
  }

  async #dropAll() {
    await this.store.drop((await this.store.others("")).map((capture) => capture.id));
  }

  // Nobody does it by mistake: it asks for the name, and once more when something would be lost.
  async unpair(form, device) {
    const { parts, store } = this;
    const refuse = (sentence) => parts.say("unpair-problem", sentence);
    if (form.elements.device.value.trim() !== device.name) return refuse(parts.text("wrong_name"));
    const count = await store.count(device.id);
    const warning = parts.text("unpair_loses", { count });
    if (count && parts.find("say", "unpair-problem").textContent !== warning) return refuse(warning);
    await this.#dropAll();
    for (const name of ["key", "device", "refusals"]) await store.remove(name);
    form.reset();
    refuse("");
    this.ask();
  }
};
