chatSocket.send(JSON.stringify({
    'type': 'typing',
    'is_typing': true
}));
