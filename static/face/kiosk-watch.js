// Whether somebody stands before the camera. No face is looked for here: a tiny grey picture is
// compared with the one before, and with what is there when nobody is. Who it is, and whether it is
// anybody, says the server, which is asked as rarely as this allows.
//
//   const watch = new KioskWatch(videoElement);
//   watch.onperson = async () => KioskWatch.GREETED | NOBODY | AGAIN;
//   watch.isWanted = () => true;
//   watch.start(); watch.settle(); watch.stop(); watch.forget();
//
// A visit begins when the middle of the picture is not what is there when nobody is. Its person is
// looked at when it stands still, or after a while when it does not: somebody who walks by is gone
// by then. Who is greeted is left alone until the place is empty or somebody else steps up.

window.KioskWatch = class KioskWatch {
  static GREETED = "greeted";
  static NOBODY = "nobody";
  static AGAIN = "again";

  static EVERY = 250; // ms
  static STILL = 500; // ms
  static LINGERING = 2500; // ms
  static EMPTY = 1000; // ms
  static PAUSES = [1500, 3000, 6000]; // ms after each try in vain; three frames a try
  static TRIES = 3; // more would only be more chances to be taken for somebody else
  static WIDTH = 64;
  static HEIGHT = 48;

  constructor(video) {
    this.video = video;
    this.canvas = document.createElement("canvas");
    this.canvas.width = KioskWatch.WIDTH;
    this.canvas.height = KioskWatch.HEIGHT;
    this.context = this.canvas.getContext("2d", { willReadFrequently: true });
    this.onperson = async () => KioskWatch.NOBODY;
    this.isWanted = () => true;
    this.forget();
  }

  forget() {
    this.nobody = null; // what is there when nobody is
    this.visit = null;
    this.next = this.inVain = 0;
  }

  start() {
    if (!this.timer) this.timer = setInterval(() => this.#look(), KioskWatch.EVERY);
  }

  stop() {
    clearInterval(this.timer);
    this.timer = null;
    this.before = null;
  }

  // Whoever is there now has been served, by touch or otherwise.
  settle() {
    this.visit = { isDone: true, seen: this.before ?? this.#grey(), still: 0, since: performance.now() };
  }

  #look() {
    if (this.isAsking || document.hidden || !this.video.videoWidth || !this.isWanted()) return;
    const now = this.#grey();
    const before = this.before ?? now;
    this.before = now;
    const moved = KioskWatch.difference(now, before, 14);
    if (this.nobody && KioskWatch.difference(now, this.nobody, 22) < 0.15) return this.#empty(now);
    this.emptySince = null;
    this.visit ??= { tries: 0, still: 0, since: performance.now() };
    this.visit.still = moved < 0.08 ? this.visit.still + KioskWatch.EVERY : 0;
    if (this.visit.isDone) this.#awaitNext(now, moved);
    else if (this.#isReady()) this.#ask();
  }

  #empty(now) {
    this.emptySince ??= performance.now();
    if (performance.now() - this.emptySince >= KioskWatch.EMPTY) this.visit = null;
    // The light changes in the course of a day.
    for (let i = 0; i < now.length; i += 1) this.nobody[i] += (now[i] - this.nobody[i]) * 0.03;
  }

  // A person who is greeted may move; another one comes with much movement, and looks different.
  #awaitNext(now, moved) {
    if (moved > 0.15) this.visit.isDisturbed = true;
    const isOther = KioskWatch.difference(now, this.visit.seen ?? now, 22) > 0.3;
    if (!this.visit.isDisturbed || !isOther || this.visit.still < KioskWatch.STILL) return;
    this.visit = null;
    this.inVain = 0; // it was about somebody else
    this.next = Math.min(this.next, performance.now() + KioskWatch.PAUSES[0]);
  }

  #isReady() {
    const { still, since } = this.visit;
    const now = performance.now();
    if (now < this.next) return false;
    return still >= KioskWatch.STILL || now - since >= KioskWatch.LINGERING;
  }

  async #ask() {
    this.isAsking = true;
    const visit = this.visit;
    try {
      const found = await this.onperson();
      this.#wait(found);
      visit.tries += 1;
      if (found === KioskWatch.NOBODY) {
        this.nobody = this.#grey();
        this.visit = null;
      } else if (found === KioskWatch.GREETED || visit.tries >= KioskWatch.TRIES) {
        this.settle();
      }
    } finally {
      this.isAsking = false;
    }
  }

  // The longer the more often it was in vain: somebody is hard to see, or nobody is there at all.
  #wait(found) {
    const { PAUSES } = KioskWatch;
    this.inVain = found === KioskWatch.GREETED ? 0 : this.inVain + 1;
    this.next = performance.now() + PAUSES[Math.min(Math.max(this.inVain - 1, 0), PAUSES.length - 1)];
  }

  // Of the middle of the picture, its own mean taken off: cameras follow the light by themselves.
  #grey() {
    const { WIDTH, HEIGHT } = KioskWatch;
    const { videoWidth: width, videoHeight: height } = this.video;
    this.context.drawImage(
      this.video, width * 0.2, height * 0.05, width * 0.6, height * 0.9, 0, 0, WIDTH, HEIGHT,
    );
    const { data } = this.context.getImageData(0, 0, WIDTH, HEIGHT);
    const grey = new Float32Array(WIDTH * HEIGHT);
    let sum = 0;
    for (let i = 0; i < grey.length; i += 1) {
      grey[i] = (data[4 * i] + 2 * data[4 * i + 1] + data[4 * i + 2]) / 4;
      sum += grey[i];
    }
    return grey.map((value) => value - sum / grey.length);
  }

  // The share of points that differ by more than this, of 255.
  static difference(one, other, most) {
    let count = 0;
    for (let i = 0; i < one.length; i += 1) if (Math.abs(one[i] - other[i]) > most) count += 1;
    return count / one.length;
  }
};
