// SPDX-License-Identifier: AGPL-3.0-or-later
// "/" searches, "g" and a letter goes, "?" lists the keys; Escape closes open menus.

const GO_WITHIN = 1200;
let wentAt = 0;

function typing(target) {
  return target instanceof HTMLElement && (target.isContentEditable || target.closest("input, textarea, select, canvas") !== null);
}

document.addEventListener("keydown", (event) => {
  if (event.key === "Escape") {
    for (const menu of document.querySelectorAll("details.pw-menu[open]")) {
      menu.open = false;
      menu.querySelector("summary").focus();
    }
  }
  if (event.ctrlKey || event.metaKey || event.altKey || typing(event.target) || document.querySelector("dialog[open]")) return;
  if (event.key === "?") {
    document.getElementById("pw-keys")?.showModal();
    event.preventDefault();
  } else if (event.key === "g") {
    wentAt = event.timeStamp;
  } else if (wentAt && event.timeStamp - wentAt < GO_WITHIN) {
    wentAt = 0;
    const link = document.querySelector(`[data-go="${CSS.escape(event.key)}"]`);
    if (link) {
      event.preventDefault();
      location.assign(link.href);
    }
  }
});

document.addEventListener("click", (event) => {
  for (const menu of document.querySelectorAll("details.pw-menu[open]")) {
    if (!menu.contains(event.target)) menu.open = false;
  }
});
