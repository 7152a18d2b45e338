// What the admin's theme leaves out for keyboards and screen readers.

document.addEventListener("DOMContentLoaded", () => {
  document.getElementById("main")?.setAttribute("role", "main");
  document.querySelector("body.login #page")?.setAttribute("role", "main");

  // Icons that are clicked, as the one that folds the sidebar.
  for (const icon of document.querySelectorAll("span.material-symbols-outlined")) {
    if (!icon.hasAttribute("x-on:click")) continue;
    icon.setAttribute("role", "button");
    icon.setAttribute("tabindex", "0");
    icon.setAttribute("aria-label", "Sidebar");
    icon.addEventListener("keydown", (event) => {
      if (event.key !== "Enter" && event.key !== " ") return;
      event.preventDefault();
      icon.click();
    });
  }
});

// Lists with a search field are made by a script, without the name of their field.
addEventListener("load", () => {
  for (const shown of document.querySelectorAll(".select2-selection__rendered[role=textbox]")) {
    const field = shown.closest(".select2")?.previousElementSibling;
    const label = field?.labels?.[0]?.textContent.trim() || field?.getAttribute("aria-label");
    if (label) shown.setAttribute("aria-label", label);
  }
});
