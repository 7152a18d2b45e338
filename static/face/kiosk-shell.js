// The page as an app: kept for when the network is gone, in the language somebody chose, on the
// whole screen, which does not go dark.

window.KioskShell = class KioskShell {
  // Whether the browser goes to the same page in the language that was chosen before.
  static async goesElsewhere(store, { pages, language }) {
    const chosen = await store.get("language");
    if (!pages[chosen] || chosen === language) return false;
    location.replace(pages[chosen] + location.hash);
    return true;
  }

  static onLanguage(choose) {
    for (const link of document.querySelectorAll("[data-language]")) {
      link.addEventListener("click", async (event) => {
        event.preventDefault();
        await choose(link.dataset.language);
        location.assign(link.href);
      });
    }
  }

  // A newer version of the page is taken when nobody is at it.
  static async keep(address, isIdle) {
    const workers = navigator.serviceWorker;
    if (!workers) return;
    const wasKept = Boolean(workers.controller);
    const reload = () => (isIdle() ? location.reload() : setTimeout(reload, 5000));
    workers.addEventListener("controllerchange", () => wasKept && reload());
    try {
      const worker = await workers.register(address, { updateViaCache: "none" });
      setInterval(() => worker.update().catch(() => {}), 3_600_000);
    } catch {
      // Without it, the page needs the network to open.
    }
  }

  static async toggleFullscreen() {
    if (document.fullscreenElement) await document.exitFullscreen();
    else await KioskShell.fillScreen();
  }

  static async fillScreen() {
    try {
      await document.documentElement.requestFullscreen({ navigationUI: "hide" });
    } catch {
      // Browsers allow it only to somebody who has just touched the page, some to nobody.
    }
  }

  // Who scanned a code has touched nothing yet. With fingers, a touch counts when it ends.
  static fillAtFirstTouch(isWanted) {
    const fill = () => {
      if (!isWanted()) return;
      removeEventListener("pointerup", fill);
      if (!document.fullscreenElement) KioskShell.fillScreen();
    };
    addEventListener("pointerup", fill);
  }

  static async keepAwake() {
    try {
      await navigator.wakeLock?.request("screen");
    } catch {
      // The battery is low, or the page is not shown: the screen may sleep.
    }
  }
};
