// SPDX-License-Identifier: AGPL-3.0-or-later
// WebAuthn: options come from data-options as JSON (base64url for bytes), the credential goes to data-verify.

import { postJson } from "./csrf.js";

function bytes(text) {
  const plain = atob(text.replace(/-/g, "+").replace(/_/g, "/"));
  return Uint8Array.from(plain, (c) => c.charCodeAt(0));
}

function text(buffer) {
  if (!buffer) return null;
  let plain = "";
  for (const byte of new Uint8Array(buffer)) plain += String.fromCharCode(byte);
  return btoa(plain).replace(/\+/g, "-").replace(/\//g, "_").replace(/=+$/, "");
}

function readOptions(given) {
  const options = structuredClone(given.publicKey || given);
  options.challenge = bytes(options.challenge);
  if (options.user) options.user.id = bytes(options.user.id);
  for (const name of ["allowCredentials", "excludeCredentials"]) {
    for (const entry of options[name] || []) entry.id = bytes(entry.id);
  }
  return options;
}

function writeCredential(made) {
  const answer = made.response;
  const response = { clientDataJSON: text(answer.clientDataJSON) };
  if (answer.attestationObject) {
    response.attestationObject = text(answer.attestationObject);
    response.transports = answer.getTransports?.() || [];
  } else {
    response.authenticatorData = text(answer.authenticatorData);
    response.signature = text(answer.signature);
    response.userHandle = text(answer.userHandle);
  }
  return {
    id: made.id, rawId: text(made.rawId), type: made.type, response,
    authenticatorAttachment: made.authenticatorAttachment || null,
    clientExtensionResults: made.getClientExtensionResults(),
  };
}

export function wakePasskeys(root) {
  for (const box of root.querySelectorAll("[data-passkey]:not([data-awake])")) {
    box.dataset.awake = "";
    const button = box.querySelector("button");
    const error = box.querySelector("[role=alert]");
    const say = (words) => {
      error.textContent = words;
      error.hidden = !words;
    };
    button.addEventListener("click", async () => {
      if (!window.PublicKeyCredential) return say(error.dataset.unsupported);
      const form = box.dataset.form ? document.getElementById(box.dataset.form) : null;
      if (form && !form.reportValidity()) return;
      say("");
      button.disabled = true;
      try {
        const publicKey = readOptions(await postJson(box.dataset.options, {}));
        const made = box.dataset.passkey === "create"
          ? await navigator.credentials.create({ publicKey })
          : await navigator.credentials.get({ publicKey });
        const credential = writeCredential(made);
        const fields = form && { form: Object.fromEntries(new FormData(form)), credential };
        const done = await postJson(box.dataset.verify, fields || credential);
        const next = new URL(done.url || box.dataset.next || location.href, location.href);
        location.assign(next.origin === location.origin ? next.href : location.href);
      } catch (problem) {
        const cancelled = ["NotAllowedError", "AbortError", "InvalidStateError"].includes(problem.name);
        say(cancelled ? error.dataset.cancelled : problem.detail || error.dataset.failed);
        button.disabled = false;
        button.focus();
      }
    });
  }
}
