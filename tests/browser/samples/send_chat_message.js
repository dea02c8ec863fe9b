chatSocket.send(JSON.stringify({
    'type': 'chat_message',
    'content': 'Hello, how can I help you?'
}));
