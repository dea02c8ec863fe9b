// The simulated phone: one guest, one hotel, one long poll. Talks to its own origin only; every text is set as text.

const $ = (id) => document.getElementById(id);
const POLL_SECONDS = 20;
const TYPING_MS = 25_000; // as long as WhatsApp shows it

const state = {
  config: null,
  guest: null, // {name, number}
  hotel: "",
  epoch: "",
  seq: 0,
  messages: new Map(), // id → {id, sender, hotel, text, at, status, node}
  typingUntil: 0,
  stop: null, // aborts the poll of the guest before
};

// --- talking to the server

async function call(path, body, signal) {
  const posted = { method: "POST", headers: { "Content-Type": "application/json" }, body: JSON.stringify(body) };
  const response = await fetch(path, { ...(body ? posted : {}), signal });
  const answer = await response.json().catch(() => ({}));
  return { ok: response.ok, status: response.status, answer };
}

const phonePath = (action, guest = state.guest) => `/_fake/phone/${encodeURIComponent(guest.number)}/${action}`;
const pause = (ms) => new Promise((done) => setTimeout(done, ms));

async function follow() {
  state.stop?.abort();
  const stop = new AbortController();
  state.stop = stop;
  const guest = state.guest;
  let wait = 0;
  while (!stop.signal.aborted) {
    try {
      const { ok, answer } = await call(`${phonePath("events", guest)}?since=${state.seq}&wait=${wait}`, null, stop.signal);
      if (stop.signal.aborted) return;
      if (!ok) throw new Error("no events");
      $("away").hidden = true;
      if (answer.epoch !== state.epoch) {
        const first = state.epoch === "";
        state.epoch = answer.epoch;
        if (!first) {
          forget();
          wait = 0;
          continue;
        }
      }
      answer.events.forEach(take);
      if (answer.events.length) draw();
      wait = POLL_SECONDS;
    } catch {
      if (stop.signal.aborted) return;
      $("away").hidden = false;
      wait = 0;
      await pause(1000);
    }
  }
}

function take(event) {
  state.seq = event.seq;
  if (event.kind === "message") {
    const known = state.messages.get(event.id);
    if (event.sender === "hotel") state.typingUntil = 0;
    state.messages.set(event.id, { status: "sent", node: known?.node, seen: known?.seen, ...event });
  } else if (event.kind === "status") {
    mark(event.id, event.status);
  } else if (event.kind === "typing" && event.hotel === state.hotel) {
    state.typingUntil = Date.now() + TYPING_MS;
    setTimeout(draw, TYPING_MS + 50);
  }
}

// --- sending

async function send(text, again) {
  const id = again ?? `wamid.PHONE${crypto.getRandomValues(new Uint32Array(4)).join("")}`;
  const message = state.messages.get(id) ?? { id, sender: "guest", hotel: state.hotel, text, at: Date.now() / 1000 };
  message.status = "sending";
  state.messages.set(id, message);
  draw();
  scrollDown();
  try {
    const body = { id, text, name: state.guest.name, phone_number_id: message.hotel };
    const { ok } = await call(phonePath("send"), body);
    mark(id, ok ? "delivered" : "failed");
  } catch {
    mark(id, "failed");
  }
  draw();
}

// What was read stays read: the hotel may have read a message before its webhook has answered.
function mark(id, status) {
  const message = state.messages.get(id);
  if (message && message.status !== "read") message.status = status;
}

function reportRead() {
  if (document.visibilityState !== "visible") return;
  const unread = [...state.messages.values()].filter((m) => m.sender === "hotel" && m.hotel === state.hotel && !m.seen);
  if (!unread.length) return;
  unread.forEach((message) => (message.seen = true));
  call(phonePath("read"), { ids: unread.map((message) => message.id) }).catch(() => {});
}

// --- drawing

const TICKS = { sending: ["…", "Sending"], sent: ["✓", "Sent"], delivered: ["✓✓", "Delivered"], read: ["✓✓", "Read"] };
const clock = (at) => new Date(at * 1000).toLocaleTimeString([], { hour: "2-digit", minute: "2-digit" });

function element(tag, className, text) {
  const node = document.createElement(tag);
  if (className) node.className = className;
  if (text !== undefined) node.textContent = text;
  return node;
}

function meta(message) {
  const line = element("span", "meta");
  line.append(element("span", "", clock(message.at)));
  if (message.status === "failed" && message.sender === "guest") {
    const retry = element("button", "retry", "Not delivered. Try again");
    retry.type = "button";
    retry.addEventListener("click", () => send(message.text, message.id));
    line.append(retry);
  } else if (message.status in TICKS) {
    const [glyph, word] = TICKS[message.status];
    const ticks = element("span", `ticks ${message.status}`, glyph);
    ticks.title = message.sender === "guest" ? word : `Reported to the hotel: ${word.toLowerCase()}`;
    ticks.setAttribute("role", "img");
    ticks.setAttribute("aria-label", word);
    if (message.sender === "guest") line.append(ticks);
    else line.title = ticks.title;
  }
  return line;
}

function bubble(message, turn) {
  const side = message.sender === "hotel" ? "hotel" : "guest-side";
  const failed = message.status === "failed" && message.sender === "guest" ? " failed" : "";
  const look = `bubble ${side}${turn ? " turn" : ""}${failed}`;
  const key = `${look}|${message.status}|${message.text}`;
  if (message.node?.dataset.key === key) return message.node;
  const node = element("div", look);
  node.dataset.key = key;
  node.append(element("span", "", message.text), meta(message));
  message.node = node;
  return node;
}

function draw() {
  const log = $("log");
  const atEnd = log.scrollHeight - log.scrollTop - log.clientHeight < 60;
  const shown = [...state.messages.values()].filter((message) => message.hotel === state.hotel);
  const nodes = shown.map((message, index) => bubble(message, shown[index - 1]?.sender !== message.sender));
  if (Date.now() < state.typingUntil) nodes.push(element("p", "typing", "typing…"));
  const old = [...log.children].filter((node) => node.id !== "empty");
  if (nodes.length !== old.length || nodes.some((node, index) => node !== old[index])) {
    log.replaceChildren($("empty"), ...nodes);
  }
  $("empty").hidden = nodes.length > 0;
  if (atEnd) scrollDown();
  reportRead();
}

function scrollDown() {
  $("log").scrollTop = $("log").scrollHeight;
}

function forget() {
  state.seq = 0;
  state.typingUntil = 0;
  state.messages.clear();
  draw();
}

// --- choosing

const hotelOf = (id) => state.config.hotels.find((hotel) => hotel.id === id);

function choose(guest, hotelId) {
  const sameGuest = guest.number === state.guest?.number;
  state.guest = guest;
  state.hotel = hotelId;
  state.typingUntil = 0;
  const hotel = hotelOf(hotelId);
  $("chat-name").textContent = hotel?.name ?? "No hotel";
  $("chat-sub").textContent = `as ${guest.name}, ${shown(guest.number)}`;
  $("avatar").textContent = (hotel?.name ?? "?").trim().slice(0, 1).toUpperCase();
  $("empty").textContent = `No messages yet. Write to ${hotel?.name ?? "the hotel"} as ${guest.name}.`;
  const query = new URLSearchParams({ guest: guest.number, name: guest.name, hotel: hotelId });
  history.replaceState(null, "", `?${query}`);
  if (sameGuest) {
    draw();
  } else {
    forget();
    follow();
  }
  scrollDown();
}

const shown = (number) => (/^\d+$/.test(number) ? `+${number}` : number);

function fold(open) {
  document.querySelector(".setup").classList.toggle("open", open);
  $("change").setAttribute("aria-expanded", String(open));
}

function guestRow(guest, index) {
  const label = element("label", "guest");
  const radio = element("input");
  radio.type = "radio";
  radio.name = "guest";
  radio.value = String(index);
  const words = element("span", "guest-text");
  words.append(element("b", "", guest.name), element("small", "", [shown(guest.number), guest.hint].filter(Boolean).join(" · ")));
  label.append(radio, words);
  return label;
}

function useOther(event) {
  event.preventDefault();
  const entered = $("other-number").value.trim();
  const isUserId = /^[A-Z]{2}\.[A-Za-z0-9]{1,128}$/.test(entered);
  const number = isUserId ? entered : entered.replace(/[\s().+-]/g, "");
  const fault = isUserId || /^[0-9]{5,20}$/.test(number) ? "" : "A number has 5 to 20 digits.";
  $("other-error").textContent = fault;
  $("other-error").hidden = !fault;
  if (fault) return;
  choose({ number, name: $("other-name").value.trim() || "Guest" }, state.hotel);
  fold(false);
  $("text").focus();
}

function pickGuest(event) {
  if (event.target.name !== "guest") return;
  const other = event.target.value === "other";
  $("other").hidden = !other;
  if (other) return $("other-number").focus();
  choose(state.config.guests[Number(event.target.value)], state.hotel);
  fold(false);
}

function setUp(config) {
  state.config = config;
  for (const hotel of config.hotels) $("hotel").append(new Option(`${hotel.name}, ${hotel.number}`, hotel.id));
  config.guests.forEach((guest, index) => $("guests").append(guestRow(guest, index)));
  const query = new URLSearchParams(location.search);
  const hotel = hotelOf(query.get("hotel")) ?? config.hotels[0];
  const number = (query.get("guest") ?? "").trim().replace(/^\+/, "");
  const index = Math.max(0, config.guests.findIndex((guest) => guest.number === number));
  const listed = config.guests[index];
  const known = listed && (!number || listed.number === number);
  const guest = known ? listed : { number: number || "15550000001", name: query.get("name") || "Guest" };
  if (hotel) $("hotel").value = hotel.id;
  document.querySelector(`input[name="guest"][value="${known ? index : "other"}"]`).checked = true;
  if (!known) {
    $("other").hidden = false;
    $("other-number").value = shown(guest.number);
    $("other-name").value = guest.name;
  }
  choose(guest, hotel?.id ?? "");
}

function submit(event) {
  event?.preventDefault();
  const text = $("text").value.trim();
  if (!text || !state.guest) return;
  $("text").value = "";
  grow();
  send(text);
}

function grow() {
  const box = $("text");
  box.style.height = "auto";
  box.style.height = `${Math.min(box.scrollHeight + 2, 132)}px`;
}

$("hotel").addEventListener("change", () => choose(state.guest, $("hotel").value));
document.querySelector(".guests").addEventListener("change", pickGuest);
$("other").addEventListener("submit", useOther);
$("change").addEventListener("click", () => fold(!document.querySelector(".setup").classList.contains("open")));
$("composer").addEventListener("submit", submit);
$("text").addEventListener("input", grow);
$("text").addEventListener("keydown", (event) => {
  if (event.key === "Enter" && !event.shiftKey && !event.isComposing) submit(event);
});
document.addEventListener("visibilitychange", reportRead);

async function start() {
  for (;;) {
    try {
      const { ok, answer } = await call("/_fake/config");
      if (!ok) throw new Error("no configuration");
      $("away").hidden = true;
      return setUp(answer);
    } catch {
      $("away").hidden = false;
      await pause(1000);
    }
  }
}

start();
