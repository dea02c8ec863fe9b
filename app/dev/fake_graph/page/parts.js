// What stands inside a bubble: files, menus, templates, places. Every text is set as text.

import { filePath } from "/dev/phone/net.js";

export const FILES = ["image", "video", "audio", "document", "sticker"];

export function element(tag, className, text) {
  const node = document.createElement(tag);
  if (className) node.className = className;
  if (text !== undefined) node.textContent = text;
  return node;
}

export function button(className, text, press) {
  const node = element("button", className, text);
  node.type = "button";
  node.addEventListener("click", press);
  return node;
}

// `act` is what a press does: {reply(message, words), played(message), loaded()}.
export function parts(message, act) {
  const { content = {} } = message;
  const { type } = content;
  if (content.template) return template(message, content.template, act);
  if (content.menu) return menu(message, content.menu, act);
  if (FILES.includes(type)) return [file(type, content[type], message, act), words(content[type]?.caption && message.text)];
  if (type === "location") return [place(content.location)];
  if (type === "contacts") return (content.contacts ?? []).map(card);
  if (type === "system") return [words(content.system?.body)];
  return [words(message.text)];
}

const words = (text) => (text ? element("span", "words", text) : null);

function file(kind, about = {}, message, act) {
  if (!about.id) return link(about.link, about.filename ?? about.link);
  const path = filePath(about.id);
  if (kind === "image" || kind === "sticker") {
    const picture = element("img", kind);
    picture.alt = about.caption || (kind === "image" ? "Photo" : "Sticker");
    picture.addEventListener("load", act.loaded);
    picture.src = path;
    return picture;
  }
  if (kind === "audio" || kind === "video") {
    const player = element(kind, "player");
    player.controls = true;
    player.preload = "metadata";
    player.setAttribute("aria-label", about.voice ? "Voice message" : kind === "audio" ? "Audio" : "Video");
    player.addEventListener("play", () => act.played(message), { once: true });
    player.src = path;
    return player;
  }
  const document_ = link(path, about.filename || "Document");
  document_.download = about.filename || "document";
  document_.className = "document";
  return document_;
}

function link(address, text) {
  const usable = /^(https?:|\/_fake\/)/.test(address ?? "");
  if (!usable) return element("span", "words", text ?? "");
  const node = element("a", "", text);
  node.href = address;
  node.target = "_blank";
  node.rel = "noopener noreferrer";
  return node;
}

function head(header, message, act) {
  if (!header) return null;
  return header.type === "text" ? element("strong", "head", header.text) : file(header.type, header[header.type], message, act);
}

function menu(message, { type, header, body, footer, action }, act) {
  const answer = (kind, choice) =>
    act.reply(message, { type: "interactive", interactive: { type: kind, [kind]: choice } }, choice.title);
  const top = [head(header, message, act), words(body?.text), footer && element("small", "foot", footer.text)];
  if (type === "button") {
    const row = element("div", "choices");
    row.append(...action.buttons.map(({ reply }) => button("choice", reply.title, () => answer("button_reply", reply))));
    return [...top, row];
  }
  const list = element("details", "choices");
  list.append(element("summary", "choice", action.button));
  for (const section of action.sections) {
    if (section.title) list.append(element("p", "section", section.title));
    for (const row of section.rows) {
      const node = button("choice row", "", () => {
        list.open = false;
        answer("list_reply", row);
      });
      node.append(element("span", "", row.title));
      if (row.description) node.append(element("small", "", row.description));
      list.append(node);
    }
  }
  list.addEventListener("toggle", act.loaded);
  return [...top, list];
}

function template(message, { header, body, footer, buttons }, act) {
  const nodes = [head(header, message, act), words(body), footer && element("small", "foot", footer)];
  if (!buttons.length) return nodes;
  const row = element("div", "choices");
  for (const each of buttons) {
    if (each.type === "QUICK_REPLY") {
      const said = { type: "button", button: { payload: each.payload, text: each.text } };
      row.append(button("choice", each.text, () => act.reply(message, said, each.text)));
    } else {
      const node = link(each.url, each.text);
      node.classList.add("choice");
      node.title = each.url ?? "";
      row.append(node);
    }
  }
  return [...nodes, row];
}

function place({ latitude, longitude, name, address } = {}) {
  const node = element("div", "place");
  node.append(element("span", "pin", "📍"));
  const text = element("span", "place-text");
  if (name) text.append(element("b", "", name));
  if (address) text.append(element("span", "", address));
  text.append(element("small", "", `${latitude}, ${longitude}`));
  node.append(text);
  return node;
}

function card({ name, phones } = {}) {
  const node = element("div", "place");
  const text = element("span", "place-text");
  text.append(element("b", "", name?.formatted_name ?? "Contact"));
  for (const { phone } of phones ?? []) text.append(element("small", "", phone ?? ""));
  node.append(element("span", "pin", "👤"), text);
  return node;
}
