// SPDX-License-Identifier: AGPL-3.0-or-later
// Counts what is ticked in the form around a list and shows the bar only when something is.

export function wakeBulk(root) {
  for (const bar of root.querySelectorAll("[data-bulk]:not([data-awake])")) {
    bar.dataset.awake = "";
    const form = bar.closest("form");
    const all = bar.querySelector("[data-bulk-all]");
    const boxes = () => [...form.querySelectorAll("input[type=checkbox]")].filter((box) => !bar.contains(box) && !box.disabled && !box.hasAttribute("data-not-bulk"));
    const count = () => {
      const rows = boxes();
      const ticked = rows.filter((box) => box.checked).length;
      bar.querySelector("[data-bulk-count]").textContent = String(ticked);
      all.checked = ticked > 0 && ticked === rows.length;
      all.indeterminate = ticked > 0 && ticked < rows.length;
      bar.classList.toggle("is-on", ticked > 0);
      for (const button of bar.querySelectorAll("button[type=submit]")) button.disabled = ticked === 0;
    };
    all.addEventListener("change", () => {
      for (const box of boxes()) box.checked = all.checked;
      count();
    });
    form.addEventListener("change", count);
    count();
  }
}
