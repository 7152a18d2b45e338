// The API, as a kiosk asks it: with its key, one request after the other.
//
//   const { status, body } = await server.clock(capture);    4xx is an answer, too
//
// Throws KioskServer.Revoked, or KioskServer.Away with .wait (seconds) when there is no answer, or
// none that settles it: then the same may be asked again.

window.KioskServer = class KioskServer {
  static Revoked = class extends Error {};

  static Away = class extends Error {
    constructor(wait, { code = "", isBusy = false } = {}) {
      super(code);
      Object.assign(this, { wait, code, isBusy });
    }
  };

  static PATIENCE = 30_000; // ms
  static AGAIN = 5; // seconds, where the server does not say

  constructor(addresses, key) {
    Object.assign(this, { addresses, key });
    this.last = Promise.resolve();
  }

  settings() {
    return this.#ask("GET", this.addresses.clock);
  }

  // Its id is the key under which the answer is kept: what was sent and not answered may be sent
  // again, also as part of a batch.
  // answer: to a challenge, which the frames are then for, with a step and a time for each.
  clock({ id, frames, staffNumber, answer }) {
    const body = new FormData();
    for (const frame of frames) body.append("photo", frame, "frame.jpg");
    if (answer) body.append("challenge", answer.nonce);
    for (const step of answer?.steps ?? []) body.append("step", step);
    for (const time of answer?.times ?? []) body.append("taken_ms", time);
    if (staffNumber) body.append("staff_number", staffNumber);
    return this.#ask("POST", this.addresses.clock, { body, headers: { "Idempotency-Key": id } });
  }

  challenge() {
    return this.#ask("POST", this.addresses.challenges);
  }

  undo(event) {
    return this.#ask("POST", this.addresses.undo.replace("{event}", event));
  }

  async batch(captures) {
    const sent = await Promise.all(captures.map(KioskServer.#asItem));
    const body = JSON.stringify({ sent_at: new Date().toISOString(), captures: sent });
    return this.#ask("POST", this.addresses.batch, {
      body,
      headers: { "Content-Type": "application/json" },
    });
  }

  static async #asItem({ id, at, staffNumber, frames }) {
    const photo = await Promise.all(frames.map(KioskServer.#asText));
    return { id, occurred_at: at, photo, ...(staffNumber && { staff_number: staffNumber }) };
  }

  static #asText(blob) {
    return new Promise((done, fail) => {
      const reader = new FileReader();
      reader.onload = () => done(reader.result);
      reader.onerror = () => fail(reader.error);
      reader.readAsDataURL(blob);
    });
  }

  #ask(method, address, options = {}) {
    const next = this.last.then(() => this.#fetch(method, address, options));
    this.last = next.catch(() => {});
    return next;
  }

  async #fetch(method, address, { body, headers = {} }) {
    let response, said;
    try {
      response = await fetch(address, {
        method,
        body,
        headers: { ...headers, Authorization: `Bearer ${this.key}` },
        cache: "no-store",
        credentials: "omit", // nobody is logged in here, even if somebody is in another tab
        referrerPolicy: "no-referrer",
        signal: AbortSignal.timeout(KioskServer.PATIENCE),
      });
      said = await response.json().catch(() => ({}));
    } catch {
      throw new KioskServer.Away(KioskServer.AGAIN);
    }
    const { status } = response;
    if (status === 401) throw new KioskServer.Revoked();
    if (status === 429 || status >= 500) {
      const wait = Number(response.headers.get("Retry-After")) || KioskServer.AGAIN;
      throw new KioskServer.Away(wait, { code: said.code, isBusy: status === 429 });
    }
    return { status, body: said };
  }
};
