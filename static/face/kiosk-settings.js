// What can be set at the kiosk itself, and what became of captures that were sent later.
//
//   const settings = new KioskSettings(parts, store); await settings.load();
//   settings.automatic, settings.sound; settings.onchange; await settings.show(queue);

window.KioskSettings = class KioskSettings {
  constructor(parts, store) {
    Object.assign(this, { parts, store, automatic: true, sound: false });
    this.onchange = () => {};
    for (const box of document.querySelectorAll("[data-setting]")) {
      box.addEventListener("change", () => this.#change(box));
    }
  }

  async load() {
    Object.assign(this, await this.store.get("settings"));
  }

  async #change(box) {
    this[box.dataset.setting] = box.checked;
    await this.store.set("settings", { automatic: this.automatic, sound: this.sound });
    this.onchange();
  }

  async show(queue) {
    const { parts } = this;
    for (const box of document.querySelectorAll("[data-setting]")) {
      box.checked = this[box.dataset.setting];
    }
    const [waiting, refusals] = [await queue.count(), await queue.refusals()];
    const count = { count: waiting };
    parts.say("waiting", waiting ? parts.text("waiting", count) : parts.text("nothing_waits"));
    parts.say("refused", refusals.length ? "" : parts.text("none_refused"));
    parts.find("say", "refusals").replaceChildren(...refusals.map((one) => this.#asItem(one)));
    parts.find("do", "forget-refusals").hidden = !refusals.length;
    parts.say("unpair-problem", "");
    parts.find("dialog", "settings").showModal();
  }

  #asItem({ at, code }) {
    const item = document.createElement("li");
    item.textContent = `${this.parts.day(at)} – ${this.parts.ofCode(code)}`;
    return item;
  }
};
