// A hotel's page with the web chat in it: what it writes by fetch, what it hears on its socket. Cookies are all it has.

const heard = [];
let chatId;
let socket;

async function call(method, path, body) {
  const headers = { 'Content-Type': 'application/json' };
  const csrf = document.cookie.match(/csrftoken=([^;]+)/);
  if (csrf) headers['X-CSRFToken'] = csrf[1];
  const answer = await fetch(`/unicom/webchat/${path}`, { method, headers, body: body && JSON.stringify(body) });
  return { status: answer.status, ...(await answer.json()) };
}

async function arrive() {
  const { chat_id: named, messages } = await call('GET', 'messages/?order=asc');
  chatId = named;
  return messages.map((each) => each.text);
}

function listen(since) {
  const resumed = since === undefined ? '' : `?since=${since}`;
  socket = new WebSocket(`ws://${location.host}/ws/unicom/webchat/${chatId}/${resumed}`);
  socket.addEventListener('message', (event) => heard.push(JSON.parse(event.data)));
  return new Promise((resolve, reject) => {
    socket.addEventListener('message', () => resolve(heard[0].type), { once: true });
    socket.addEventListener('close', (event) => reject(new Error(`${event.code} ${event.reason}`)), { once: true });
  });
}

function send(text) {
  return call('POST', 'send/', { text });
}

function texts() {
  return heard.filter((each) => each.type === 'new_message').map((each) => each.message.text);
}
