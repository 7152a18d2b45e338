// The camera, for every page that has one. Nothing is drawn mirrored: only style sheets do that.
//
//   const camera = new FaceCamera(videoElement);
//   await camera.open();                 throws FaceCamera.Refused: .reason, .message
//   const blob = await camera.capture({ side: 640, most: 110_000 });
//   camera.onlost = () => …              it was unplugged, or taken away
//   camera.close();

window.FaceCamera = class FaceCamera {
  static Refused = class extends Error {
    constructor(reason) {
      super(FaceCamera.SENTENCES[reason]);
      this.reason = reason;
    }
  };

  // A page in another language replaces these.
  static SENTENCES = {
    insecure: "Browsers give the camera only to pages with https. Ask an administrator to set it up.",
    unsupported: "This browser gives no camera to pages. Use another browser.",
    none: "No camera was found. Plug one in, or use another device.",
    blocked: "The camera is blocked for this page. Allow it in the browser’s address bar, then try again.",
    in_use: "Another program is using the camera. Close it, then try again.",
    failed: "The camera did not start. Try again, or use another device.",
    lost: "The camera stopped. See that it is plugged in, then try again.",
  };

  static REASONS = {
    NotAllowedError: "blocked",
    SecurityError: "blocked",
    NotFoundError: "none",
    OverconstrainedError: "none",
    NotReadableError: "in_use",
    AbortError: "in_use",
  };

  constructor(video) {
    this.video = video;
    this.onlost = () => {};
  }

  async open({ width = 1280, height = 960, facing = "user" } = {}) {
    if (!navigator.mediaDevices?.getUserMedia) {
      throw new FaceCamera.Refused(window.isSecureContext ? "unsupported" : "insecure");
    }
    try {
      this.stream = await navigator.mediaDevices.getUserMedia({
        audio: false,
        video: { facingMode: facing, width: { ideal: width }, height: { ideal: height } },
      });
      this.video.srcObject = this.stream;
      await this.video.play();
    } catch (error) {
      this.close();
      throw new FaceCamera.Refused(FaceCamera.REASONS[error.name] ?? "failed");
    }
    this.stream.getVideoTracks()[0].addEventListener("ended", () => this.onlost());
  }

  get isOpen() {
    return Boolean(this.stream?.active && this.video.videoWidth);
  }

  // A JPEG of what the camera sees, its longer side at most `side` px, at most `most` bytes.
  async capture({ side = 640, most = Infinity } = {}) {
    if (!this.isOpen) throw new FaceCamera.Refused("failed");
    const scale = Math.min(1, side / Math.max(this.video.videoWidth, this.video.videoHeight));
    const canvas = document.createElement("canvas");
    canvas.width = Math.round(this.video.videoWidth * scale);
    canvas.height = Math.round(this.video.videoHeight * scale);
    canvas.getContext("2d").drawImage(this.video, 0, 0, canvas.width, canvas.height);
    for (const quality of [0.9, 0.8, 0.65, 0.5]) {
      const blob = await new Promise((done) => canvas.toBlob(done, "image/jpeg", quality));
      if (blob && (blob.size <= most || quality === 0.5)) return blob;
    }
    throw new FaceCamera.Refused("failed");
  }

  close() {
    for (const track of this.stream?.getTracks() ?? []) track.stop();
    this.stream = null;
    this.video.srcObject = null;
  }
};

// What the server says of a frame, again and again while `isWanted()`; nothing when it is busy.
window.FaceHints = class FaceHints {
  constructor(camera, address, token, tell) {
    Object.assign(this, { camera, address, token, tell });
  }

  start(step) {
    this.step = step;
    if (!this.timer) this.timer = setInterval(() => this.#ask(), 700);
  }

  stop() {
    clearInterval(this.timer);
    this.timer = null;
  }

  async #ask() {
    if (this.isAsking || !this.camera.isOpen) return;
    this.isAsking = true;
    const step = this.step;
    try {
      const body = new FormData();
      body.append("frame", await this.camera.capture({ side: 320, most: 60_000 }), "frame.jpg");
      body.append("step", step);
      body.append("straight", this.straight ?? "");
      const response = await fetch(this.address, {
        method: "POST",
        body,
        headers: { "X-CSRFToken": this.token },
      });
      const said = await response.json();
      // From where the moves that follow are measured.
      this.straight = said.straight ?? this.straight;
      if (this.timer && step === this.step && response.ok) this.tell(said.code, said.message);
    } catch {
      // Without hints everything still works.
    } finally {
      this.isAsking = false;
    }
  }
};
