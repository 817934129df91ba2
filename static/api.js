// The REST routes as promises: the answer's JSON, or an error whose message is for people.

export async function get(path, { signal } = {}) {
  return answer(await fetch(path, { headers: { accept: "application/json" }, signal }));
}

export async function post(path, body, { signal } = {}) {
  return answer(await fetch(path, {
    method: "POST",
    headers: { accept: "application/json", "content-type": "application/json" },
    body: JSON.stringify(body),
    signal,
  }));
}

async function answer(response) {
  const body = await response.json().catch(() => null);
  if (response.ok) return body;
  const text = body?.detail ?? body?.title ?? `The server answered ${response.status}.`;
  throw Object.assign(new Error(text), { status: response.status });
}
