// SPDX-License-Identifier: AGPL-3.0-or-later
// The command palette. GET <data-palette>?q= answers
// {"groups": [{"label": "Clients", "results": [{"title": "…", "note": "…", "url": "/…", "icon": "hardware"}]}]}.

const dialog = document.getElementById("pw-palette");
const form = document.querySelector("form[data-palette]");
if (dialog && form) start(dialog, form.dataset.palette, form.action);

function start(dialog, source, page) {
  const input = dialog.querySelector("input");
  const list = dialog.querySelector("[role=listbox]");
  let chosen = -1;
  let asked = 0;
  let timer = 0;

  const options = () => [...list.querySelectorAll("[role=option]")];

  function open(text = "") {
    if (dialog.open) return;
    input.value = text;
    dialog.showModal();
    input.focus();
    ask();
  }

  function say(text) {
    const line = document.createElement("p");
    line.className = "pw-palette__say";
    line.setAttribute("role", "option");
    line.setAttribute("aria-disabled", "true");
    line.textContent = text;
    list.replaceChildren(line);
    chosen = -1;
    input.removeAttribute("aria-activedescendant");
  }

  function marked(text, part) {
    const at = part ? text.toLocaleLowerCase().indexOf(part.toLocaleLowerCase()) : -1;
    const span = document.createElement("span");
    if (at < 0) {
      span.textContent = text;
    } else {
      const mark = document.createElement("mark");
      mark.textContent = text.slice(at, at + part.length);
      span.append(text.slice(0, at), mark, text.slice(at + part.length));
    }
    return span;
  }

  function icon(name) {
    const svg = document.createElementNS("http://www.w3.org/2000/svg", "svg");
    svg.setAttribute("class", "pw-i");
    svg.setAttribute("aria-hidden", "true");
    const use = document.createElementNS("http://www.w3.org/2000/svg", "use");
    use.setAttribute("href", `#i-${/^[a-z-]+$/.test(name || "") ? name : "arrow"}`);
    svg.append(use);
    return svg;
  }

  function show(groups, part) {
    list.replaceChildren();
    let n = 0;
    for (const group of groups) {
      if (!group.results?.length) continue;
      const box = document.createElement("div");
      box.setAttribute("role", "group");
      box.setAttribute("aria-label", group.label);
      const head = document.createElement("p");
      head.className = "pw-palette__head";
      head.setAttribute("aria-hidden", "true");
      head.textContent = group.label;
      box.append(head);
      for (const result of group.results) {
        const url = new URL(result.url, location.href);
        if (url.origin !== location.origin) continue;
        const row = document.createElement("a");
        row.className = "pw-palette__row";
        row.id = `pw-palette-${n++}`;
        row.setAttribute("role", "option");
        row.setAttribute("aria-selected", "false");
        row.tabIndex = -1;
        row.href = url.href;
        const note = document.createElement("small");
        note.textContent = result.note || "";
        row.append(icon(result.icon), marked(result.title, part), note);
        box.append(row);
      }
      list.append(box);
    }
    if (n === 0) say(list.dataset.empty);
    else choose(0);
  }

  function choose(at) {
    const rows = options();
    if (!rows.length || rows[0].getAttribute("aria-disabled")) return;
    chosen = (at + rows.length) % rows.length;
    rows.forEach((row, i) => row.setAttribute("aria-selected", String(i === chosen)));
    rows[chosen].scrollIntoView({ block: "nearest" });
    input.setAttribute("aria-activedescendant", rows[chosen].id);
  }

  async function ask() {
    const mine = ++asked;
    const part = input.value.trim();
    try {
      const url = new URL(source, location.href);
      url.searchParams.set("q", part);
      const answer = await fetch(url, { headers: { Accept: "application/json" }, credentials: "same-origin" });
      if (!answer.ok) throw new Error(String(answer.status));
      const data = await answer.json();
      if (mine === asked) show(data.groups || [], part);
    } catch {
      if (mine === asked) say(list.dataset.failed);
    }
  }

  input.addEventListener("input", () => {
    clearTimeout(timer);
    timer = setTimeout(ask, 120);
  });
  input.addEventListener("keydown", (event) => {
    if (event.key === "ArrowDown") choose(chosen + 1);
    else if (event.key === "ArrowUp") choose(chosen - 1);
    else if (event.key === "Enter") {
      const row = options()[chosen];
      if (row?.href) location.assign(row.href);
      else location.assign(`${page}?q=${encodeURIComponent(input.value)}`);
    } else return;
    event.preventDefault();
  });
  dialog.addEventListener("click", (event) => {
    if (event.target === dialog) dialog.close();
  });
  document.addEventListener("keydown", (event) => {
    const field = event.target instanceof HTMLElement && event.target.closest("input, textarea, select, [contenteditable=true], canvas");
    const command = event.key === "k" && (event.ctrlKey || event.metaKey);
    if (!command && (event.key !== "/" || event.ctrlKey || event.metaKey || event.altKey || field)) return;
    if (document.querySelector("dialog[open]")) return;
    event.preventDefault();
    open();
  });
}
