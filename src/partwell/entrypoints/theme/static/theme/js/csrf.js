// SPDX-License-Identifier: AGPL-3.0-or-later
// The token for requests that scripts send: the page's own form, else htmx's header on the body.

export function csrfToken() {
  const field = document.querySelector("input[name=csrfmiddlewaretoken][value]:not([value=''])");
  if (field) return field.value;
  try {
    return JSON.parse(document.body.getAttribute("hx-headers") || "{}")["X-CSRFToken"] || "";
  } catch {
    return "";
  }
}

export async function postJson(url, body) {
  const answer = await fetch(url, {
    method: "POST",
    credentials: "same-origin",
    headers: { "Content-Type": "application/json", Accept: "application/json", "X-CSRFToken": csrfToken() },
    body: JSON.stringify(body),
  });
  const data = await answer.json().catch(() => ({}));
  if (!answer.ok) throw Object.assign(new Error(data.detail || ""), { detail: data.detail || "" });
  return data;
}
