// The steps before the camera, one by one; what they prove is decided by the server alone.

(() => {
  const box = document.getElementById("face-login");
  if (!box) return;
  const part = (name) => box.querySelector(`[data-part=${name}]`);
  const say = (name) => box.querySelector(`[data-say=${name}]`);
  const act = (name) => box.querySelector(`[data-do=${name}]`);
  const token = box.querySelector("[name=csrfmiddlewaretoken]").value;
  const pause = (ms) => new Promise((done) => setTimeout(done, ms));

  const FRAMES_OF_STEP = 2;
  const BETWEEN_FRAMES = 180; // ms
  const BETWEEN_STEPS = 500; // ms; a person needs as long to move
  const MOST_BYTES = 105_000; // of a frame, so that all of them fit into one form

  const camera = new FaceCamera(box.querySelector("video"));
  const hints = new FaceHints(camera, box.dataset.hint, token, (code, sentence) => {
    if (say("hint").textContent !== sentence) say("hint").textContent = sentence;
    say("oval").className = `oval ${code === "ok" ? "ok" : "bad"}`;
  });
  let challenge, taken, number;

  function show(name) {
    for (const each of box.querySelectorAll("[data-part]")) each.hidden = each.dataset.part !== name;
  }

  async function ask(address, body) {
    const response = await fetch(address, {
      method: "POST",
      body,
      headers: { "X-CSRFToken": token },
    });
    const said = await response.json();
    return { ok: response.ok, ...said };
  }

  function finish({ message, wait, code }) {
    hints.stop();
    camera.close();
    show("answer");
    say("answer").textContent = message;
    say("answer").focus();
    act("again").textContent = code === "not_started" ? "Start again" : "Try again";
    act("again").dataset.to = code === "not_started" ? box.dataset.again : "";
    act("again").hidden = code === "face_login_off"; // nothing but the password helps
    if (wait) countDown(wait);
  }

  async function countDown(seconds) {
    const button = act("again");
    button.disabled = true;
    for (let left = seconds; left > 0; left -= 1) {
      button.textContent = `Try again in ${left} s`;
      await pause(1000);
    }
    button.disabled = false;
    button.textContent = "Try again";
  }

  const noConnection = { message: "The server does not answer. Check the connection, then try again." };

  async function begin() {
    act("open").disabled = act("again").disabled = true;
    try {
      await camera.open();
      camera.onlost = () => finish({ message: FaceCamera.SENTENCES.lost });
      challenge = await ask(box.dataset.start);
      if (!challenge.ok) return finish(challenge);
      taken = [];
      say("progress").replaceChildren(...challenge.steps.map(() => document.createElement("li")));
      show("live");
      tellStep(0);
    } catch (error) {
      finish(error instanceof FaceCamera.Refused ? error : noConnection);
    } finally {
      act("open").disabled = false;
      if (!act("again").textContent.includes(" in ")) act("again").disabled = false;
    }
  }

  function tellStep(next) {
    number = next;
    const { step, sentence } = challenge.steps[number];
    say("step").textContent = `${number + 1} of ${challenge.steps.length}: ${sentence}`;
    say("hint").textContent = "";
    say("oval").className = "oval";
    say("progress").children[number].className = "";
    hints.start(step);
    act("capture").disabled = false;
    act("capture").focus();
  }

  async function capture() {
    act("capture").disabled = true;
    const { step } = challenge.steps[number];
    try {
      for (let count = 0; count < FRAMES_OF_STEP; count += 1) {
        if (count) await pause(BETWEEN_FRAMES);
        const at = Math.round(performance.now());
        taken.push({ blob: await camera.capture({ side: 640, most: MOST_BYTES }), step, at });
      }
    } catch (error) {
      return finish(error);
    }
    say("progress").children[number].className = "done";
    hints.stop();
    if (number + 1 === challenge.steps.length) return send();
    await pause(BETWEEN_STEPS);
    tellStep(number + 1);
  }

  async function send() {
    camera.close();
    say("busy").textContent = "";
    show("busy");
    await pause(50); // a screen reader says what comes into a region that it knows
    say("busy").textContent = "Looking at the pictures …";
    const body = new FormData();
    body.append("nonce", challenge.nonce);
    for (const { blob, step, at } of taken) {
      body.append("frame", blob, "frame.jpg");
      body.append("step", step);
      body.append("taken_ms", at);
    }
    try {
      const said = await ask(box.dataset.answer, body);
      finish(said);
      if (!said.ok) return;
      act("again").hidden = true;
      await pause(900); // long enough to be read
      location.assign(said.next);
    } catch {
      finish(noConnection);
    }
  }

  function again() {
    if (act("again").dataset.to) location.assign(act("again").dataset.to);
    else begin();
  }

  act("open").addEventListener("click", begin);
  act("capture").addEventListener("click", capture);
  act("again").addEventListener("click", again);
  addEventListener("pagehide", () => camera.close());
  document.getElementById("no-script").remove();
  box.hidden = false;
})();
