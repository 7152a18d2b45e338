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
