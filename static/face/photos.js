// Unfold's own file inputs have a text field beside them, which it fills; these have none.
document.addEventListener("DOMContentLoaded", () => {
  for (const input of document.querySelectorAll(".face-drop")) input.hasChangeListener = true;
});

// Shows the photos chosen in a form before they are sent. Without it everything still works.
document.addEventListener("change", (event) => {
  const input = event.target;
  if (!input.matches(".face-ask .face-drop")) return;
  let strip = input.parentElement.querySelector(".face-previews");
  if (!strip) {
    strip = document.createElement("div");
    strip.className = "face-previews";
    input.after(strip);
  }
  for (const image of strip.children) URL.revokeObjectURL(image.src);
  strip.replaceChildren(
    ...[...input.files].slice(0, 5).map((file) => {
      const image = new Image();
      image.alt = file.name;
      image.onerror = () => image.remove(); // a format the browser cannot show
      image.src = URL.createObjectURL(file);
      return image;
    }),
  );
});

// A page of its own (the log-in, after a long break; the camera; one's own photos, which have to be
// enrolled first) must not land inside another one.
document.addEventListener("htmx:beforeSwap", (event) => {
  if (/\/(login|login\/face|me)\/$/.test(new URL(event.detail.xhr.responseURL).pathname)) {
    event.detail.shouldSwap = false;
    location.reload();
  }
});

// What somebody sent was not taken: say so. Polling goes on by itself.
for (const name of ["htmx:responseError", "htmx:sendError", "htmx:timeout"]) {
  document.addEventListener(name, (event) => {
    const report = document.querySelector("#photo-report, #answer");
    if (!report || event.detail.elt.tagName !== "FORM") return;
    const note = document.createElement("p");
    note.className = "face-note face-note-bad";
    note.textContent = "The server did not take it. Check the connection and try again.";
    report.replaceChildren(note);
  });
}

// A plain form on its way, as htmx marks its own.
document.addEventListener("submit", (event) => {
  if (event.target.matches(".face-form:not([hx-post])")) event.target.classList.add("htmx-request");
});

// Whoever saves or leaves while photos are on their way would lose them without a word.
const stay = (event) => event.preventDefault();
document.addEventListener("htmx:beforeSend", (event) => {
  if (event.detail.elt.matches(".face-upload")) window.addEventListener("beforeunload", stay);
});
for (const name of ["htmx:beforeOnLoad", "htmx:sendError", "htmx:sendAbort", "htmx:timeout"]) {
  document.addEventListener(name, (event) => {
    if (event.detail.elt.matches(".face-upload")) window.removeEventListener("beforeunload", stay);
  });
}
