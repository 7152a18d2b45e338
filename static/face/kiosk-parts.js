// The parts of the kiosk's page, and how it speaks: texts, greetings, sounds, the clock.

window.KioskParts = class KioskParts {
  constructor({ texts, answers, steps, language }) {
    Object.assign(this, { texts, answers, steps, language });
    this.zone = undefined; // of the gallery; until it is known, the device's own
    const listen = () => this.#unlockSound();
    for (const name of ["pointerdown", "keydown"]) addEventListener(name, listen);
  }

  find(kind, name) {
    return document.querySelector(`[data-${kind}="${name}"]`);
  }

  say(name, text) {
    const place = this.find("say", name);
    if (place.textContent !== text) place.textContent = text;
    if (place.matches("[role=alert]")) place.hidden = !text;
  }

  show(part) {
    for (const each of document.querySelectorAll("[data-part]")) {
      each.hidden = each.dataset.part !== part;
    }
    this.find("do", "settings").hidden = part === "pair";
    document.body.dataset.shown = part;
  }

  on(name, act) {
    for (const each of document.querySelectorAll(`[data-do="${name}"]`)) {
      each.addEventListener("click", () => act(each));
    }
  }

  onSubmit(name, act) {
    const form = this.find("form", name);
    form.addEventListener("submit", (event) => {
      event.preventDefault();
      act(form);
    });
  }

  text(name, values = {}) {
    return this.texts[name].replace(/\{(\w+)\}/g, (whole, key) => values[key] ?? whole);
  }

  ofCode(code) {
    return this.answers[code] ?? this.answers[""];
  }

  ofStep(step) {
    return this.steps[step];
  }

  // tone: ok, kept, bad, wait or "". What is said stays until something else is.
  tell(sentence, tone = "") {
    const isNew = this.find("say", "answer").textContent !== sentence;
    this.say("answer", sentence);
    document.body.dataset.tone = tone;
    if (isNew && ["ok", "kept", "bad"].includes(tone)) this.beep(tone);
  }

  time(at) {
    return this.#format(new Date(at), { hour: "2-digit", minute: "2-digit", hourCycle: "h23" });
  }

  day(at) {
    return this.#format(new Date(at), { dateStyle: "short", timeStyle: "short", hourCycle: "h23" });
  }

  #format(moment, options) {
    return new Intl.DateTimeFormat(this.language, { ...options, timeZone: this.zone }).format(moment);
  }

  // --- Sound: browsers give it only after somebody has touched the page ---------------------

  #unlockSound() {
    this.audio ??= window.AudioContext && new AudioContext();
    this.audio?.resume();
  }

  beep(tone) {
    if (!this.isLoud || this.audio?.state !== "running") return;
    const start = this.audio.currentTime;
    const heights = { bad: [330, 262], step: [660] }[tone] ?? [660, 880]; // Hz
    heights.forEach((height, number) => {
      const [sound, volume] = [this.audio.createOscillator(), this.audio.createGain()];
      const [from, to] = [start + number * 0.14, start + number * 0.14 + 0.12];
      sound.frequency.value = height;
      volume.gain.setValueAtTime(0.2, from);
      volume.gain.linearRampToValueAtTime(0, to);
      sound.connect(volume).connect(this.audio.destination);
      sound.start(from);
      sound.stop(to);
    });
  }
};
