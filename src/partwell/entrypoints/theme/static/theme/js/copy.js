// SPDX-License-Identifier: AGPL-3.0-or-later
// Copies the text beside the button; selects it where the clipboard may not be written.

export function wakeCopy(root) {
  for (const button of root.querySelectorAll("[data-copy]:not([data-awake])")) {
    button.dataset.awake = "";
    const word = button.querySelector("span");
    const before = word.textContent;
    button.addEventListener("click", async () => {
      const source = button.parentElement.querySelector("pre, code, input");
      try {
        await navigator.clipboard.writeText(source.value ?? source.textContent);
        word.textContent = button.dataset.done;
        setTimeout(() => { word.textContent = before; }, 2500);
      } catch {
        const range = document.createRange();
        range.selectNodeContents(source);
        getSelection().removeAllRanges();
        getSelection().addRange(range);
      }
    });
  }
}
