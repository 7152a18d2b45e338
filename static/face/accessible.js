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

// Lists with a search field, and areas that scroll, are made by scripts, and have no name of their own.
addEventListener("load", () => {
  nameAll();
  new MutationObserver(nameAll).observe(document.body, { childList: true, subtree: true });
});

function nameAll() {
  // A list of what was chosen that also holds buttons is none.
  for (const part of document.querySelectorAll("ul.select2-selection__rendered:not([role]), ul.select2-selection__rendered > li:not([role])")) {
    part.setAttribute("role", "presentation");
  }
  for (const icon of document.querySelectorAll("span.help-tooltip[aria-label]:not([role])")) {
    icon.setAttribute("role", "img");
  }
  for (const list of document.querySelectorAll(".select2-container")) nameList(list);
  document.querySelectorAll(".simplebar-content-wrapper").forEach((area, number) => {
    area.setAttribute("aria-label", `Scrollable content ${number + 1}`);
  });
}

function nameList(list) {
  const shown = list.querySelector(".select2-selection__rendered");
  const id = shown?.id.replace(/^select2-(.*)-container$/, "$1") || list.previousElementSibling?.id;
  const name = document.querySelector(`label[for="${CSS.escape(id ?? "")}"]`)?.textContent;
  if (!name?.trim()) return;
  for (const part of list.querySelectorAll("[role=textbox], [role=combobox], [role=searchbox]")) {
    part.removeAttribute("aria-labelledby");
    part.setAttribute("aria-label", name.replaceAll(/[\s*]+/g, " ").trim());
  }
}
