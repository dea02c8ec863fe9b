// Talking to the fake Meta: its own origin only.

export const pause = (ms) => new Promise((done) => setTimeout(done, ms));
export const phonePath = (guest, action) => `/_fake/phone/${encodeURIComponent(guest.number)}/${action}`;
export const filePath = (id) => `/_fake/media/${encodeURIComponent(id)}`;
export const newId = () => `wamid.PHONE${crypto.getRandomValues(new Uint32Array(4)).join("")}`;

async function answered(response) {
  const answer = await response.json().catch(() => ({}));
  return { ok: response.ok, status: response.status, answer };
}

export async function call(path, body, signal) {
  const posted = { method: "POST", headers: { "Content-Type": "application/json" }, body: JSON.stringify(body) };
  return answered(await fetch(path, { ...(body ? posted : {}), signal }));
}

// A file as it is: its bytes are the body, and what there is to say about it stands in the query.
export async function sendFile(path, file, query) {
  const headers = { "Content-Type": file.type || "application/octet-stream" };
  return answered(await fetch(`${path}?${new URLSearchParams(query)}`, { method: "POST", headers, body: file }));
}
