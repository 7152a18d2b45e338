// New photos are looked at by the workers: show what became of them, in place.
(async () => {
  const list = () => document.getElementById("own-photos");
  for (let tries = 0; list().dataset.pending === "yes" && tries < 40; tries += 1) {
    await new Promise((done) => setTimeout(done, 3000));
    const response = await fetch(location.href);
    if (!response.ok || response.redirected) return;
    const page = new DOMParser().parseFromString(await response.text(), "text/html");
    // Not under somebody's hands.
    if (!list().contains(document.activeElement)) list().replaceWith(page.getElementById("own-photos"));
  }
})();

// A photo of oneself by camera, sent through the same form as a file.
(() => {
  const box = document.getElementById("own-camera");
  if (!box) return;
  const form = document.getElementById("own-form");
  const say = (name) => box.querySelector(`[data-say=${name}]`);
  const act = (name) => box.querySelector(`[data-do=${name}]`);
  const token = form.querySelector("[name=csrfmiddlewaretoken]").value;
  const camera = new FaceCamera(box.querySelector("video"));
  const hints = new FaceHints(camera, box.dataset.hint, token, (code, sentence) => {
    if (say("hint").textContent !== sentence) say("hint").textContent = sentence;
    say("oval").className = `oval ${code === "ok" ? "ok" : "bad"}`;
  });

  function show(name) {
    for (const each of box.querySelectorAll("[data-part]")) each.hidden = each.dataset.part !== name;
  }

  function fail(message) {
    hints.stop();
    camera.close();
    show("intro");
    say("fault").textContent = message;
    say("fault").hidden = false;
    act("open").disabled = false;
    act("open").focus();
  }

  act("open").addEventListener("click", async () => {
    act("open").disabled = true; // a second camera would never be closed
    say("fault").hidden = true;
    try {
      await camera.open();
      camera.onlost = () => fail(FaceCamera.SENTENCES.lost);
      show("live");
      hints.start("look_straight");
      act("capture").focus();
    } catch (error) {
      fail(error.message);
    }
  });

  act("capture").addEventListener("click", async () => {
    act("capture").disabled = true;
    try {
      const photo = await camera.capture({ side: 1280 });
      const files = new DataTransfer();
      files.items.add(new File([photo], "camera.jpg", { type: "image/jpeg" }));
      form.elements.photos.files = files.files;
      camera.close();
      form.requestSubmit();
    } catch (error) {
      fail(error.message);
    } finally {
      act("capture").disabled = false;
    }
  });

  addEventListener("pagehide", () => camera.close());
  box.hidden = false;
})();
