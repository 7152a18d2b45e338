// The button that takes back what was just clocked, for as long as it is offered.
//
//   const undo = new KioskUndo(parts, async (event) => …);
//   undo.offer(eventId, seconds); undo.hide();

window.KioskUndo = class KioskUndo {
  constructor(parts, act) {
    this.parts = parts;
    this.button = parts.find("do", "undo");
    this.button.addEventListener("click", () => act(this.event));
  }

  offer(event, seconds) {
    clearTimeout(this.timer);
    if (seconds <= 0) return this.hide();
    this.event = event;
    this.button.hidden = false;
    this.button.textContent = this.parts.text("undo", { seconds: Math.ceil(seconds) });
    this.timer = setTimeout(() => this.offer(event, seconds - 1), 1000);
  }

  hide() {
    clearTimeout(this.timer);
    // Whoever is on it by keyboard must not be thrown to the top of the page.
    if (document.activeElement === this.button) this.parts.find("do", "touch").focus();
    this.button.hidden = true;
  }
};
