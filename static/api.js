// The REST routes as promises: the answer's JSON, or an error whose message is for people.

const TIMEOUT_MS = 20_000; // What takes longer will not come.

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

async function reach(path, { signal, ...options }) {
  const timeout = AbortSignal.timeout(TIMEOUT_MS);
  try {
    return await fetch(path, { ...options, signal: signal ? AbortSignal.any([signal, timeout]) : timeout });
  } catch (error) {
    if (signal?.aborted) throw error;
    throw Object.assign(new Error("The chat can not be reached just now."), { status: 0 });
  }
}

async function failure(response) {
  const { detail, title, code } = await response.json().catch(() => ({}));
  const text = detail ?? title ?? `The server answered ${response.status}.`;
  return Object.assign(new Error(withoutField(text)), { status: response.status, code });
}

// "name: must not be empty" names the field for programs; people see which one it is.
export function withoutField(text = "") {
  const said = text.replace(/^[a-z_]+: /, "");
  return said.charAt(0).toUpperCase() + said.slice(1);
}
