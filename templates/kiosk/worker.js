// Keeps the page itself, so that it opens without the network. Answers of the API pass it by: what
// is not in this list is left to the browser.

const SHELL = {{ shell }};
const NAME = `face-kiosk-${SHELL.version}`;
const PATIENCE = 4000; // ms, before an old page is better than none

self.addEventListener("install", (event) => {
  const fresh = [...SHELL.pages, ...SHELL.files].map(
    (address) => new Request(address, { cache: "reload", credentials: "omit" }),
  );
  event.waitUntil(
    caches
      .open(NAME)
      .then((cache) => cache.addAll(fresh))
      .then(() => self.skipWaiting()),
  );
});

self.addEventListener("activate", (event) => {
  const removeOld = async () => {
    for (const name of await caches.keys()) {
      if (name.startsWith("face-kiosk-") && name !== NAME) await caches.delete(name);
    }
    await self.clients.claim();
  };
  event.waitUntil(removeOld());
});

self.addEventListener("fetch", (event) => {
  const { pathname, origin } = new URL(event.request.url);
  if (event.request.method !== "GET" || origin !== self.location.origin) return;
  if (SHELL.pages.includes(pathname)) event.respondWith(newest(pathname, event.request));
  else if (SHELL.files.includes(pathname)) event.respondWith(kept(pathname, event.request));
});

async function kept(pathname, request) {
  const cache = await caches.open(NAME);
  return (await cache.match(pathname)) ?? fetch(request);
}

// Files are named after what is in them, pages are not: those are asked for first.
async function newest(pathname, request) {
  try {
    const response = await fetch(request, { signal: AbortSignal.timeout(PATIENCE) });
    if (response.ok) return response;
  } catch {
    // The network is gone.
  }
  return kept(pathname, request);
}
