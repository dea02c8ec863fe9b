// The log: one bubble a message, with what one can do to it.

import { ofThisHotel, state } from "/dev/phone/model.js";
import { button, element, parts } from "/dev/phone/parts.js";

const TICKS = {
  sending: ["…", "Sending"],
  sent: ["✓", "Sent"],
  delivered: ["✓✓", "Delivered"],
  read: ["✓✓", "Read"],
};
const EMOJI = ["👍", "❤️", "😂", "😮", "🙏"];
const $ = (id) => document.getElementById(id);
const clock = (at) => new Date(at * 1000).toLocaleTimeString([], { hour: "2-digit", minute: "2-digit" });
let opened = ""; // the message whose actions are shown
let pinned = true; // at the end of the log, where new messages keep one until one scrolls away

$("log").addEventListener("scroll", () => (pinned = isAtEnd()));

// `act` is what a press does: {retry, react, answer, edit, revoke, reply, played, seen}.
export function draw(act) {
  const log = $("log");
  const shown = ofThisHotel();
  const nodes = shown.map((message, index) => bubble(message, shown[index - 1]?.sender !== message.sender, act));
  if (Date.now() < state.typingUntil) nodes.push(element("p", "typing", "typing…"));
  const old = [...log.children].filter((node) => node.id !== "empty");
  if (nodes.length !== old.length || nodes.some((node, index) => node !== old[index])) {
    log.replaceChildren($("empty"), ...nodes);
  }
  $("empty").hidden = nodes.length > 0;
  if (pinned) scrollDown();
  act.seen();
}

export function scrollDown() {
  pinned = true;
  $("log").scrollTop = $("log").scrollHeight;
}

const isAtEnd = () => $("log").scrollHeight - $("log").scrollTop - $("log").clientHeight < 60;

function bubble(message, turn, act) {
  const own = message.sender === "guest";
  const note = message.content?.type === "system";
  const failed = message.status === "failed" && own;
  const look = ["bubble", note ? "note" : own ? "guest-side" : "hotel", turn && "turn", failed && "failed"];
  const className = look.filter(Boolean).join(" ");
  const { text, content, status, reactions, edited, revoked } = message;
  const quoted = state.messages.get(content?.quotes);
  const open = opened === message.id;
  const key = JSON.stringify([className, text, content, status, reactions, edited, revoked, open, quoted?.text]);
  if (message.node && message.key === key) return message.node;
  const node = element("div", className);
  if (revoked) node.append(element("em", "words", "This message was deleted"));
  else node.append(...inside(message, quoted, act));
  node.append(foot(message));
  const given = Object.values(reactions).filter(Boolean);
  if (given.length) node.append(badge(given));
  if (!note && !revoked) node.append(handle(message, open, act));
  if (open && !revoked) node.append(actions(message, act));
  if (failed) node.append(button("retry", "Not delivered. Try again", () => act.retry(message)));
  message.node = node;
  message.key = key;
  return node;
}

function inside(message, quoted, act) {
  const nodes = parts(message, { ...act, loaded: () => pinned && scrollDown() }).filter(Boolean);
  if (!message.content?.quotes) return nodes;
  const quote = element("blockquote", "quote");
  const who = quoted?.sender === "hotel" ? "Hotel" : "You";
  quote.append(element("b", "", quoted ? who : "A message"), element("span", "", quoted?.text || "not on this phone"));
  return [quote, ...nodes];
}

function foot(message) {
  const line = element("span", "meta");
  if (message.edited) line.append(element("span", "", "edited"));
  line.append(element("span", "", clock(message.at)));
  const known = TICKS[message.status === "played" ? "read" : message.status];
  if (!known) return line;
  const [glyph, word] = known;
  if (message.sender === "hotel") {
    line.title = `Reported to the hotel: ${word.toLowerCase()}`;
    return line;
  }
  const ticks = element("span", `ticks ${message.status}`, glyph);
  ticks.title = word;
  ticks.setAttribute("role", "img");
  ticks.setAttribute("aria-label", word);
  line.append(ticks);
  return line;
}

function badge(given) {
  const node = element("span", "badge", given.join(" "));
  node.setAttribute("role", "img");
  node.setAttribute("aria-label", `Reactions: ${given.join(" ")}`);
  return node;
}

function handle(message, open, act) {
  const node = button("handle", "⋯", () => {
    opened = open ? "" : message.id;
    draw(act);
    if (opened) message.node.querySelector(".actions button").focus();
    else message.node.querySelector(".handle").focus();
  });
  node.setAttribute("aria-label", "What to do with this message");
  node.setAttribute("aria-expanded", String(open));
  return node;
}

function actions(message, act) {
  const row = element("div", "actions");
  const done = (what, ...more) => () => {
    opened = "";
    act[what](message, ...more);
    draw(act);
  };
  for (const emoji of EMOJI) {
    const given = message.reactions.guest === emoji;
    const node = button("emoji", emoji, done("react", given ? "" : emoji));
    node.setAttribute("aria-label", given ? `Take back ${emoji}` : `React with ${emoji}`);
    node.setAttribute("aria-pressed", String(given));
    row.append(node);
  }
  row.append(button("", "Reply", done("answer")));
  if (message.sender === "guest") {
    if (message.content?.type === "text") row.append(button("", "Edit", done("edit")));
    row.append(button("", "Delete", done("revoke")));
  }
  return row;
}
