// SPDX-License-Identifier: AGPL-3.0-or-later
// Replaces a running job by what its address answers, until it has ended. Slows down when nothing
// changes and when the tab is hidden; a failed request is tried again.

const FIRST = 1000;
const MOST = 10000;

export function wakeProgress(root) {
  const found = [...root.querySelectorAll("[data-poll]:not([data-awake])")];
  if (root instanceof HTMLElement && root.matches("[data-poll]:not([data-awake])")) found.push(root);
  for (const job of found) {
    job.dataset.awake = "";
    later(job, FIRST);
  }
}

function later(job, pause) {
  setTimeout(() => look(job, pause), document.hidden ? MOST : pause);
}

async function look(job, pause) {
  if (!job.isConnected) return;
  if (job.contains(document.activeElement) && document.activeElement.matches("button:active")) return later(job, pause);
  try {
    const answer = await fetch(job.dataset.poll, { credentials: "same-origin", headers: { "HX-Request": "true", Accept: "text/html" } });
    if (answer.status === 404 || answer.status === 403) return;
    if (!answer.ok || answer.redirected) throw new Error(String(answer.status));
    const page = new DOMParser().parseFromString(await answer.text(), "text/html");
    const next = page.querySelector(".pw-job");
    if (!next) throw new Error("no job in the answer");
    if (next.outerHTML === job.dataset.seen) return later(job, Math.min(MOST, pause * 1.5));
    const seen = next.outerHTML;
    const focused = job.contains(document.activeElement);
    const fresh = document.importNode(next, true);
    const ended = !fresh.hasAttribute("data-poll");
    job.replaceWith(fresh);
    if (focused) fresh.querySelector("a, button")?.focus();
    if (ended) {
      fresh.dispatchEvent(new CustomEvent("pw:load", { bubbles: true }));
      fresh.dispatchEvent(new CustomEvent("pw:job-ended", { bubbles: true, detail: { state: fresh.dataset.state } }));
    } else {
      fresh.dataset.awake = "";
      fresh.dataset.seen = seen;
      later(fresh, FIRST);
    }
  } catch {
    later(job, Math.min(MOST, pause * 2));
  }
}
