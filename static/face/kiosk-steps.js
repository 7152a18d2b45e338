// The moves that tell a person from a picture of one: said one by one, and photographed. Whether they
// were made, the server decides alone.
//
//   const steps = new KioskSteps(parts, camera);
//   const { status, body } = await steps.clock(server, staffNumber);    as server.clock(), or a problem
//
// Nobody touches anything meanwhile: who turns the head does not see the screen.

window.KioskSteps = class KioskSteps {
  static TIME = 2500; // ms to read and to move, before the pictures of a step
  static FRAMES = 2; // of a step; the better one counts
  static BETWEEN = 200; // ms
  static FRAME = { side: 640, most: 120_000 };

  constructor(parts, camera) {
    Object.assign(this, { parts, camera });
  }

  async clock(server, staffNumber) {
    const given = await server.challenge();
    if (given.status !== 201) return given;
    const answer = { nonce: given.body.nonce, steps: [], times: [] };
    const frames = [];
    for (const [number, { step }] of given.body.steps.entries()) {
      const place = `${number + 1}/${given.body.steps.length}`;
      this.parts.tell(`${place} · ${this.parts.ofStep(step)}`, "wait");
      await KioskSteps.#pause(KioskSteps.TIME);
      for (let count = 0; count < KioskSteps.FRAMES; count += 1) {
        if (count) await KioskSteps.#pause(KioskSteps.BETWEEN);
        answer.times.push(Math.round(performance.now()));
        answer.steps.push(step);
        frames.push(await this.camera.capture(KioskSteps.FRAME));
      }
      this.parts.beep("step"); // on to the next, for who cannot see it
    }
    this.parts.tell(this.parts.text("busy"), "wait");
    return server.clock({ id: crypto.randomUUID(), frames, staffNumber, answer });
  }

  static #pause(ms) {
    return new Promise((done) => setTimeout(done, ms));
  }
};
