// SPDX-License-Identifier: AGPL-3.0-or-later
// The one module that pages load: it wakes the parts it finds, also in what htmx puts in later.

import "./keys.js";
import "./palette.js";
import { wakeBulk } from "./bulk.js";
import { wakeConfirm } from "./confirm-name.js";
import { wakeCopy } from "./copy.js";
import { wakePasskeys } from "./passkey.js";
import { wakePictures } from "./paste-picture.js";
import { wakeProgress } from "./progress.js";

document.documentElement.classList.add("pw-scripted");

export function wake(root) {
  wakeBulk(root);
  wakeConfirm(root);
  wakeCopy(root);
  wakePasskeys(root);
  wakePictures(root);
  wakeProgress(root);
}

wake(document);
for (const tab of document.querySelectorAll(".pw-tabs a[aria-current]")) {
  const row = tab.parentElement;
  row.scrollLeft += tab.getBoundingClientRect().left - row.getBoundingClientRect().left - 40;
}
document.querySelector("[data-focus]")?.focus();
document.addEventListener("htmx:load", (event) => wake(event.target));
document.addEventListener("pw:load", (event) => wake(event.target));
