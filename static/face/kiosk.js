// The kiosk: watching, clocking, greeting. Who somebody is, is decided by the server alone.

(async () => {
  const data = JSON.parse(document.getElementById("kiosk-data").textContent);
  const parts = new KioskParts(data);
  const video = document.querySelector("video");
  const camera = new FaceCamera(video);
  const watch = new KioskWatch(video);
  const undo = new KioskUndo(parts, takeBack);
  const steps = new KioskSteps(parts, camera);
  const pause = (ms) => new Promise((done) => setTimeout(done, ms));
  FaceCamera.SENTENCES = data.camera;

  const FRAMES = 3;
  const BETWEEN_FRAMES = 200; // ms
  const FRAME = { side: 640, most: 120_000 };
  const SHOWN = 12_000; // ms a greeting stays, and at most as long it can be undone
  const REMEMBERED = 60_000; // ms: frames of a refused face, for a staff number
  const CAMERA_AGAIN = 10_000; // ms

  let store, settings, pairing, server, queue, link;
  let isPaired = false;
  let busy = false;
  let isTouched = false;
  let greeted = null; // { id, name } of the event that is shown
  let seen = null; // { frames, at } of a face that was refused
  const timers = {};

  function later(name, act, ms) {
    clearTimeout(timers[name]);
    timers[name] = setTimeout(act, ms);
  }

  // --- Starting, and staying awake ----------------------------------------------------------

  function halt() {
    isPaired = false;
    greeted = seen = null;
    link?.stop();
    watch.stop();
    watch.forget();
    camera.close();
    closeDialogs();
    for (const timer of Object.values(timers)) clearTimeout(timer);
  }

  function tick() {
    parts.say("time", parts.time(Date.now()));
  }

  async function begin() {
    const [key, device] = [await store.get("key"), await store.get("device")];
    if (!key || !device) return pairing.ask();
    link?.stop();
    server = new KioskServer(data, key);
    queue = new KioskQueue(store, server, device.id);
    link = new KioskLink({ parts, store, server, queue, device });
    link.onrevoked = () => pairing.ask(parts.text("revoked"));
    link.onchange = () => busy || idle();
    parts.zone = device.time_zone;
    parts.say("device", device.name);
    tick();
    isPaired = true;
    await Promise.all([openCamera(), link.check()]);
  }

  async function openCamera() {
    clearTimeout(timers.camera);
    if (document.hidden || camera.isOpen || camera.isOpening) return;
    camera.isOpening = true;
    try {
      await camera.open();
    } catch (error) {
      return isPaired && trouble(error.message, error.reason);
    } finally {
      camera.isOpening = false;
    }
    if (!isPaired) return camera.close(); // the key was refused meanwhile
    camera.onlost = () => trouble(FaceCamera.SENTENCES.lost, "lost");
    parts.show("watch");
    idle();
    watch.start();
    KioskShell.keepAwake();
  }

  function trouble(sentence, reason = "") {
    watch.stop();
    camera.close();
    closeDialogs();
    parts.show("trouble");
    parts.say("trouble", sentence);
    if (["none", "in_use", "failed", "lost"].includes(reason)) later("camera", openCamera, CAMERA_AGAIN);
  }

  function onVisible() {
    if (!isPaired) return;
    if (document.hidden) {
      watch.stop();
      camera.close();
    } else {
      openCamera();
      link.check();
    }
  }

  // --- Clocking -----------------------------------------------------------------------------

  async function takeFrames() {
    const frames = [];
    for (let count = 0; count < FRAMES; count += 1) {
      if (count) await pause(BETWEEN_FRAMES);
      frames.push(await camera.capture(FRAME));
    }
    return frames;
  }

  // isAsked: somebody touched the button, and is told whatever comes of it. Gives what the watch
  // wants to know.
  async function clockIn({ isAsked = false, frames = null, staffNumber = "" } = {}) {
    if (busy) return KioskWatch.AGAIN;
    busy = true;
    try {
      if (asksForMoves()) return await clockByMoves(staffNumber);
      if (isAsked) announce(parts.text("busy"), "wait");
      frames ??= await takeFrames();
      const capture = { id: crypto.randomUUID(), at: new Date().toISOString(), frames, staffNumber };
      return link.isAway ? await keep(capture) : await send(capture, isAsked);
    } catch (error) {
      if (error instanceof FaceCamera.Refused) trouble(error.message, error.reason);
      else await link.failed(error);
      return KioskWatch.AGAIN;
    } finally {
      busy = false;
    }
  }

  function asksForMoves() {
    return Boolean(link?.device.requires_liveness);
  }

  // A picture that waited would prove nothing, so none is kept.
  async function clockByMoves(staffNumber) {
    if (link.isAway) return announce(parts.text("offline_moves"), "bad");
    undo.hide();
    clearTimeout(timers.idle);
    try {
      const { status, body } = await steps.clock(server, staffNumber);
      return status < 400 ? greet(body, true) : announce(parts.ofCode(body.code), "bad");
    } catch (error) {
      if (!(error instanceof KioskServer.Away)) throw error;
      announce(error.code ? parts.ofCode(error.code) : parts.text("offline_moves"), "bad");
      if (!error.isBusy) await link.failed(error);
    }
  }

  async function send(capture, isAsked) {
    try {
      const { status, body } = await server.clock(capture);
      return status < 400 ? greet(body, isAsked) : refuse(body.code, capture, isAsked);
    } catch (error) {
      if (!(error instanceof KioskServer.Away)) throw error;
      // It may have arrived. What nobody asked for and the server did not want is not kept.
      const found = isAsked || !error.isBusy ? await keep(capture) : KioskWatch.AGAIN;
      await link.failed(error);
      return found;
    }
  }

  async function keep(capture) {
    try {
      await queue.keep(capture);
      announce(parts.text("kept", { time: parts.time(capture.at) }), "kept");
    } catch {
      announce(parts.text("full"), "bad");
    }
    await link.show();
    return KioskWatch.GREETED;
  }

  function greet({ person, event, is_repeat: isRepeat }, isAsked) {
    seen = null;
    // The same person, still standing there: has been greeted.
    if (isRepeat && !isAsked && greeted?.id === event.id) return KioskWatch.GREETED;
    const { name } = person;
    const at = parts.text(`at_${event.direction}`, { time: parts.time(event.occurred_at) });
    announce(`${parts.text(isRepeat ? "repeat" : event.direction, { name })} · ${at}`, "ok");
    greeted = { id: event.id, name };
    if (!isRepeat) undo.offer(event.id, Math.min(SHOWN / 1000, link.device.undo_seconds - 2));
    return KioskWatch.GREETED;
  }

  function refuse(code, { frames, staffNumber }, isAsked) {
    if (code === "no_face" && !isAsked) return KioskWatch.NOBODY;
    if (code === "liveness_required") link.check(); // asked for since it was last asked
    else if (!staffNumber) seen = { frames, at: performance.now() };
    announce(parts.ofCode(code), "bad");
    return KioskWatch.AGAIN;
  }

  // tone: ok, kept, bad, or wait while nothing is known yet.
  function announce(sentence, tone) {
    undo.hide();
    parts.tell(sentence, tone);
    later("idle", () => busy || idle(), SHOWN);
  }

  // Nothing is to be told: what to do.
  function idle() {
    clearTimeout(timers.idle);
    undo.hide();
    const [online, offline] = asksForMoves()
      ? ["moves", "offline_moves"]
      : [settings.automatic ? "look" : "touch", "offline_touch"];
    parts.tell(parts.text(link?.isAway ? offline : online));
  }

  // --- Undo ---------------------------------------------------------------------------------

  async function takeBack(event) {
    if (busy) return;
    busy = true;
    watch.settle(); // who has taken it back must not be clocked again for standing there
    undo.hide();
    try {
      const { status, body } = await server.undo(event);
      const isDone = status < 400;
      const said = isDone ? parts.text("undone", { name: greeted.name }) : parts.ofCode(body.code);
      if (isDone) greeted = null;
      announce(said, isDone ? "ok" : "bad");
    } catch (error) {
      await link.failed(error);
      announce(parts.text("no_undo"), "bad");
    } finally {
      busy = false;
    }
  }

  // --- What somebody touches ----------------------------------------------------------------

  // It may be about to greet by itself: then that was it.
  async function touch() {
    if (isTouched || isMoving()) return;
    isTouched = true;
    try {
      const before = greeted;
      await untilFree();
      if (greeted === before) await clockIn({ isAsked: true });
      watch.settle();
    } finally {
      isTouched = false;
    }
  }

  // Somebody is in the middle of it.
  const isMoving = () => busy && asksForMoves();

  async function untilFree() {
    while (busy) await pause(50);
  }

  async function openStaff() {
    if (isMoving()) return;
    clearTimeout(timers.idle);
    parts.find("form", "staff").reset();
    parts.find("dialog", "staff").showModal();
    if (asksForMoves()) return;
    if (seen && performance.now() - seen.at < REMEMBERED) return;
    // While they type, people look at the keys: the picture is that of before.
    const frames = await takeFrames().catch(() => null);
    seen = frames && { frames, at: performance.now() };
  }

  async function submitStaff(form) {
    const staffNumber = form.elements.number.value.trim();
    if (!staffNumber) return;
    closeDialogs();
    await untilFree();
    await clockIn({ isAsked: true, frames: seen?.frames, staffNumber });
    seen = null;
    watch.settle();
  }

  async function forgetRefusals() {
    await queue.forgetRefusals();
    await link.show();
    closeDialogs();
  }

  function closeDialogs() {
    for (const dialog of document.querySelectorAll("dialog[open]")) dialog.close();
  }

  const isIdle = () => !busy && !document.querySelector("dialog[open]");

  // --- All of it ----------------------------------------------------------------------------

  function listenToButtons() {
    parts.on("touch", touch);
    parts.on("staff", openStaff);
    parts.on("settings", () => settings.show(queue));
    parts.on("close", closeDialogs);
    parts.on("retry", openCamera);
    parts.on("fullscreen", KioskShell.toggleFullscreen);
    parts.on("forget-refusals", forgetRefusals);
    parts.onSubmit("staff", submitStaff);
    parts.onSubmit("unpair", (form) => pairing.unpair(form, link.device));
    parts.find("do", "fullscreen").hidden = !document.fullscreenEnabled;
    for (const dialog of document.querySelectorAll("dialog")) {
      dialog.addEventListener("close", () => isPaired && later("idle", () => busy || idle(), SHOWN));
    }
  }

  function listenToBrowser() {
    document.addEventListener("visibilitychange", onVisible);
    addEventListener("online", () => isPaired && link.check());
    addEventListener("offline", () => isPaired && link.failed(new KioskServer.Away(1)));
    addEventListener("pagehide", () => camera.close());
    addEventListener("hashchange", () => {
      const key = pairing.keyOfLink();
      if (key) pairing.pair(key);
    });
    navigator.mediaDevices?.addEventListener("devicechange", () => {
      if (isPaired && document.body.dataset.shown === "trouble") openCamera();
    });
  }

  setInterval(tick, 1000);
  tick();
  try {
    store = await KioskStore.open();
  } catch {
    return trouble(parts.text("storage_closed"));
  }
  if (await KioskShell.goesElsewhere(store, data)) return;
  settings = new KioskSettings(parts, store);
  await settings.load();
  parts.isLoud = settings.sound;
  settings.onchange = () => {
    parts.isLoud = settings.sound;
    if (!busy) idle();
  };
  pairing = new KioskPairing({ parts, store, data, onask: halt, onpaired: begin });
  watch.onperson = () => clockIn();
  watch.isWanted = () =>
    isIdle() && settings.automatic && !asksForMoves() && !link.isAway && !link.isHeld;
  listenToButtons();
  listenToBrowser();
  KioskShell.onLanguage((language) => store.set("language", language));
  KioskShell.fillAtFirstTouch(() => isPaired);
  KioskShell.keep(data.worker, isIdle);
  const key = pairing.keyOfLink();
  if (key) await pairing.pair(key);
  else await begin();
})();
