// What the phone knows: the messages of one guest, as its events tell them.

export const TYPING_MS = 25_000; // as long as WhatsApp shows it

export const state = {
  config: null,
  guest: null, // {name, number}
  hotel: "",
  epoch: "",
  seq: 0,
  messages: new Map(), // id → {id, sender, hotel, text, at, status, content, reactions, edited, revoked, node}
  typingUntil: 0,
  answering: null, // the message that is quoted
  editing: null, // the message that is written anew
  stop: null, // aborts the poll of the guest before
};

const CHANGES = {
  reaction: ({ message_id: id, emoji }, { sender }) => change(id, (message) => (message.reactions[sender] = emoji || "")),
  edit: ({ original_message_id: id, message: { type, [type]: inner } = {} }) =>
    change(id, (message) => {
      message.text = inner?.body ?? inner?.caption ?? message.text;
      message.edited = true;
    }),
  revoke: ({ original_message_id: id }) => change(id, (message) => (message.revoked = true)),
};

function change(id, how) {
  const message = state.messages.get(id);
  if (message) how(message);
}

export function take(event) {
  state.seq = event.seq;
  if (event.kind === "message") {
    takeMessage(event);
  } else if (event.kind === "status") {
    mark(event.id, event.status);
  } else if (event.kind === "typing" && event.hotel === state.hotel) {
    state.typingUntil = Date.now() + TYPING_MS;
  }
}

function takeMessage(event) {
  const type = event.content?.type;
  if (type in CHANGES) {
    CHANGES[type](event.content[type] ?? {}, event);
    return;
  }
  const known = state.messages.get(event.id);
  if (event.sender === "hotel") state.typingUntil = 0;
  state.messages.set(event.id, { status: "sent", reactions: {}, ...known, ...event });
}

// What was read stays read: the hotel may have read a message before its webhook has answered.
export function mark(id, status) {
  change(id, (message) => {
    if (message.status !== "read" && message.status !== "played") message.status = status;
  });
}

export function add(id, text, content) {
  const message = { id, sender: "guest", hotel: state.hotel, text, content, at: Date.now() / 1000, reactions: {} };
  state.messages.set(id, message);
  return message;
}

export function forget() {
  state.seq = 0;
  state.typingUntil = 0;
  state.answering = state.editing = null;
  state.messages.clear();
}

export const hotelOf = (id) => state.config.hotels.find((hotel) => hotel.id === id);
export const ofThisHotel = () => [...state.messages.values()].filter((message) => message.hotel === state.hotel);
