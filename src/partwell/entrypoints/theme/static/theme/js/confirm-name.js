// SPDX-License-Identifier: AGPL-3.0-or-later
// The button of a deletion wakes when the name is typed. The server compares again.

const plain = (text) => text.normalize("NFC").trim().replace(/\s+/g, " ");

export function wakeConfirm(root) {
  for (const form of root.querySelectorAll("form[data-confirm-name]:not([data-awake])")) {
    form.dataset.awake = "";
    const input = form.querySelector("input:not([type=hidden], [type=checkbox])");
    const button = form.querySelector("button[type=submit]");
    const hint = form.querySelector("[data-hint]");
    const compare = () => {
      const same = plain(input.value) === plain(form.dataset.confirmName);
      button.disabled = !same;
      hint.textContent = same || input.value === "" ? "" : hint.dataset.hint;
    };
    input.addEventListener("input", compare);
    compare();
  }
}
