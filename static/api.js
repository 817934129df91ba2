// The REST routes as promises: the answer's JSON, or an error whose message is for people.

import { tr } from "./words.js";

const TIMEOUT_MS = 20_000; // What takes longer will not come.
const NUMBER = /\d[\d,]*/;

export const get = (path, options) => ask(path, options);
export const post = (path, body, options) => ask(path, { method: "POST", body, ...options });
export const put = (path, body, options) => ask(path, { method: "PUT", body, ...options });
export const remove = (path, options) => ask(path, { method: "DELETE", ...options });

// A part of a page, as the server renders it.
export async function part(path, { signal } = {}) {
  const response = await reach(`/parts${path}`, { headers: { accept: "text/html" }, signal });
  if (response.ok) return response.text();
  throw await failure(response);
}

async function ask(path, { method, body, signal } = {}) {
  const headers = { accept: "application/json" };
  if (body !== undefined) headers["content-type"] = "application/json";
  const response = await reach(path, { method, headers, body: JSON.stringify(body), signal });
  if (!response.ok) throw await failure(response);
  return response.json().catch(() => null);
}

// Answers are in the language of the page, whatever the browser prefers.
async function reach(path, { signal, headers, ...options }) {
  const timeout = AbortSignal.timeout(TIMEOUT_MS);
  try {
    headers["accept-language"] = document.documentElement.lang;
    return await fetch(path, { ...options, headers, signal: signal ? AbortSignal.any([signal, timeout]) : timeout });
  } catch (error) {
    if (signal?.aborted) throw error;
    throw Object.assign(new Error(tr("The chat can not be reached just now.")), { status: 0 });
  }
}

async function failure(response) {
  const { detail, title, code } = await response.json().catch(() => ({}));
  const text = detail ?? title ?? tr("The server answered {status}.", response);
  return Object.assign(new Error(withoutField(text)), { status: response.status, code });
}

// "name: must not be empty" names the field for programs; people see which one it is.
export function withoutField(text = "") {
  const said = text.replace(/^[a-z_]+: /, "");
  return inWords(said.charAt(0).toUpperCase() + said.slice(1));
}

// The server says what is wrong in English; the catalogs have it with {n} in the place of its first number.
export function inWords(detail) {
  return tr(detail.replace(NUMBER, "{n}"), { n: detail.match(NUMBER) });
}
