// The simulated phone: one guest, one hotel, one long poll.

import { draw as drawLog, scrollDown } from "/dev/phone/bubbles.js";
import { TYPING_MS, add, forget, hotelOf, mark, ofThisHotel, state, take } from "/dev/phone/model.js";
import { call, newId, pause, phonePath, sendFile } from "/dev/phone/net.js";
import { element } from "/dev/phone/parts.js";

const $ = (id) => document.getElementById(id);
const POLL_SECONDS = 20;
const MAX_FILE = 100 * 1024 * 1024;

const draw = () => drawLog(act);

// --- following what the phone sees

async function follow() {
  state.stop?.abort();
  const stop = new AbortController();
  state.stop = stop;
  const guest = state.guest;
  let wait = 0;
  while (!stop.signal.aborted) {
    try {
      const path = `${phonePath(guest, "events")}?since=${state.seq}&wait=${wait}`;
      const { ok, answer } = await call(path, null, stop.signal);
      if (stop.signal.aborted) return;
      if (!ok) throw new Error("no events");
      $("away").hidden = true;
      if (answer.epoch !== state.epoch) {
        const first = state.epoch === "";
        state.epoch = answer.epoch;
        if (!first) {
          forget();
          draw();
          wait = 0;
          continue;
        }
      }
      answer.events.forEach(take);
      if (answer.events.length) draw();
      if (answer.events.some((event) => event.kind === "typing")) setTimeout(draw, TYPING_MS + 50);
      wait = POLL_SECONDS;
    } catch {
      if (stop.signal.aborted) return;
      $("away").hidden = false;
      wait = 0;
      await pause(1000);
    }
  }
}

// --- sending

// `message` is in Meta's words; what changes another message has no bubble of its own.
async function post(message, { id = newId(), text = "", echo = true } = {}) {
  if (echo) {
    const { type, context } = message;
    const shown = state.messages.get(id) ?? add(id, text, { type, [type]: message[type], quotes: context?.id });
    shown.status = "sending";
    draw();
    scrollDown();
  }
  try {
    const body = { id, message, name: state.guest.name, phone_number_id: state.messages.get(id)?.hotel ?? state.hotel };
    const { ok } = await call(phonePath(state.guest, "send"), body);
    mark(id, ok ? "delivered" : "failed");
    if (!ok && !echo) say("The hotel did not take that.");
  } catch {
    mark(id, "failed");
    if (!echo) say("The server is away.");
  }
  draw();
}

const digits = (text) => (text ?? "").replace(/\D/g, "");
const quoting = (message) => ({ context: { from: digits(hotelOf(state.hotel)?.number), id: message.id } });

const act = {
  retry: (message) => post(wordsOf(message), { id: message.id, text: message.text }),
  reply: (message, said, text) => post({ ...said, ...quoting(message) }, { text }),
  react: (message, emoji) => post({ type: "reaction", reaction: { message_id: message.id, emoji } }, { echo: false }),
  revoke: (message) => post({ type: "revoke", revoke: { original_message_id: message.id } }, { echo: false }),
  answer: (message) => beside("answering", message),
  edit: (message) => {
    beside("editing", message);
    $("text").value = message.text;
    grow();
  },
  played: (message) => message.sender === "hotel" && call(phonePath(state.guest, "played"), { ids: [message.id] }),
  seen: reportRead,
};

// The same message again: the fake keeps the body under its id, and sends that unchanged.
const wordsOf = ({ text, content }) =>
  content?.type && content.type !== "text" ? { type: content.type, [content.type]: content[content.type] } : { type: "text", text: { body: text } };

function beside(what, message) {
  state.answering = state.editing = null;
  state[what] = message;
  $("beside").hidden = !message;
  if (message) {
    $("beside-what").textContent = what === "editing" ? "Editing" : "Replying to";
    $("beside-text").textContent = message.text;
    $("text").focus();
  }
}

function submit(event) {
  event?.preventDefault();
  const body = $("text").value.trim();
  if (!body || !state.guest) return;
  const { answering, editing } = state;
  $("text").value = "";
  beside("answering", null);
  grow();
  const message = { type: "text", text: { body } };
  if (editing) post({ type: "edit", edit: { original_message_id: editing.id, message } }, { echo: false });
  else post(answering ? { ...message, ...quoting(answering) } : message, { text: body });
}

async function sendFiles() {
  const files = [...$("file").files];
  $("file").value = "";
  const caption = $("text").value.trim();
  const { answering } = state;
  for (const [index, file] of files.entries()) {
    if (file.size > MAX_FILE) {
      say(`${file.name} is larger than 100 MB.`);
      continue;
    }
    const query = { send: "1", name: state.guest.name, phone_number_id: state.hotel, filename: file.name };
    if (!index && caption) query.caption = caption;
    if (!index && answering) query.quotes = answering.id;
    if (file.type.startsWith("audio/")) query.voice = "1";
    say(`Sending ${file.name} …`);
    const { ok } = await sendFile(phonePath(state.guest, "media"), file, query).catch(() => ({ ok: false }));
    say(ok ? "" : `The hotel did not take ${file.name}.`);
    scrollDown();
  }
  if (caption && files.length) $("text").value = "";
  beside("answering", null);
  grow();
}

function say(words) {
  $("said").textContent = words;
  $("said").hidden = !words;
}

function reportRead() {
  if (document.visibilityState !== "visible") return;
  const unread = ofThisHotel().filter((message) => message.sender === "hotel" && !message.seen);
  if (!unread.length) return;
  unread.forEach((message) => (message.seen = true));
  call(phonePath(state.guest, "read"), { ids: unread.map((message) => message.id) }).catch(() => {});
}

// --- choosing

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
  beside("answering", null);
  say("");
  if (!sameGuest) {
    forget();
    follow();
  }
  draw();
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
$("attach").addEventListener("click", () => $("file").click());
$("file").addEventListener("change", sendFiles);
$("beside-close").addEventListener("click", () => {
  if (state.editing) $("text").value = "";
  beside("answering", null);
  grow();
});
$("text").addEventListener("input", grow);
$("text").addEventListener("keydown", (event) => {
  if (event.key === "Enter" && !event.shiftKey && !event.isComposing) submit(event);
  if (event.key === "Escape") $("beside-close").click();
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
