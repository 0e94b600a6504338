// Talks to the browser's passkeys. Without it everything works but passkeys.
"use strict";
const bytes = (text) => Uint8Array.from(atob(text.replace(/-/g, "+").replace(/_/g, "/")), (one) => one.charCodeAt(0));
const text = (buffer) => btoa(String.fromCharCode(...new Uint8Array(buffer))).replace(/\+/g, "-").replace(/\//g, "_").replace(/=+$/, "");
const mark = () => document.querySelector("meta[name=csrf]").content;
const say = (problem) => { document.getElementById("passkey-problem").textContent = problem; };

async function post(path, body) {
  const headers = { "Content-Type": "application/json", "X-CSRF-Token": mark() };
  const answer = await fetch(path, { method: "POST", headers, body: body && JSON.stringify(body) });
  if (answer.status === 204) return answer.headers.get("Location");
  const value = await answer.json();
  if (!answer.ok) throw new Error(value.detail + " " + value.remedy);
  return value;
}

async function signIn() {
  const { number, challenge } = await post("/api/v1/sign-in/passkey/begin");
  const asked = challenge.publicKey;
  asked.challenge = bytes(asked.challenge);
  const found = await navigator.credentials.get({ publicKey: asked });
  const given = found.response;
  const to = await post("/api/v1/sign-in/passkey/finish", { number, answer: {
    id: found.id, rawId: text(found.rawId), type: found.type, extensions: {},
    response: {
      authenticatorData: text(given.authenticatorData), clientDataJSON: text(given.clientDataJSON),
      signature: text(given.signature), userHandle: given.userHandle && text(given.userHandle),
    },
  } });
  location.assign(to || "/");
}

async function add() {
  const { number, challenge } = await post("/api/v1/me/passkeys/begin");
  const asked = challenge.publicKey;
  asked.challenge = bytes(asked.challenge);
  asked.user.id = bytes(asked.user.id);
  for (const one of asked.excludeCredentials || []) one.id = bytes(one.id);
  const made = await navigator.credentials.create({ publicKey: asked });
  const name = document.getElementById("passkey-name").value || "passkey";
  await post("/api/v1/me/passkeys/finish", { number, name, answer: {
    id: made.id, rawId: text(made.rawId), type: made.type, extensions: {},
    response: { attestationObject: text(made.response.attestationObject), clientDataJSON: text(made.response.clientDataJSON) },
  } });
  location.reload();
}

for (const [id, action] of [["passkey", signIn], ["passkey-add", add]]) {
  const button = document.getElementById(id);
  if (button && window.PublicKeyCredential) {
    button.hidden = false;
    button.addEventListener("click", () => action().catch((error) => say(error.message)));
  }
}
