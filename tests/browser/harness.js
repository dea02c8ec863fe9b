// What the documents' samples leave undefined, and nothing else: whom a page signs in as, where the documents' hosts
// are, which conversation they mean, and functions of the page that write down what they were called with. `settings` comes from page.py.

const DOCUMENTS_HOSTS = ['localhost:8000', 'your-domain'];
const OWN_FUNCTIONS = [
  'displayMessage',
  'handleError',
  'handleSuccess',
  'showMessageStatus',
  'updateConversationReadStatus',
  'updateConversationStatus',
  'updateMessageStatus',
  'updateSubscriptionStatus',
];

const calls = [];
const sockets = [];

function note(name, ...given) {
  calls.push({ name, given: structuredClone(given) });
}

for (const name of OWN_FUNCTIONS) {
  window[name] = (...given) => note(name, ...given);
}

window.WebSocket = class extends WebSocket {
  constructor(printed) {
    const address = new URL(printed);
    if (!DOCUMENTS_HOSTS.includes(address.host)) throw new Error(`No document names ${address.host}.`);
    address.host = settings.host;
    address.pathname = address.pathname.replace('abc123', settings.conversationId);
    if (settings.token) address.searchParams.set('token', settings.token);
    super(address);
    sockets.push(this);
  }

  // Document 2 sends in the same breath in which it connects: that is held until the socket is open.
  send(frame) {
    if (settings.holdsSends && this.readyState === WebSocket.CONNECTING) {
      this.addEventListener('open', () => super.send(frame), { once: true });
    } else {
      super.send(frame);
    }
  }
};

console.log = (...given) => note('console.log', ...given);

// Document 4's class leaves two of its methods to the page.
function openChatManager() {
  for (const name of ['updateConversationList', 'addMessageToChat']) {
    ChatManager.prototype[name] = (...given) => note(name, ...given);
  }
  return new ChatManager(settings.token);
}

// The page has one socket, however it came by it.
Object.defineProperty(window, 'websocket', { get: () => sockets.at(-1) });

function connect() {
  const socket = new WebSocket('ws://your-domain/ws/chat/');
  return new Promise((resolve) => socket.addEventListener('open', resolve, { once: true }));
}

// A command that no sample sends.
function command(type, fields) {
  websocket.send(JSON.stringify({ type, ...fields }));
}
