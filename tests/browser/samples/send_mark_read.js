chatSocket.send(JSON.stringify({
    'type': 'mark_read'
}));
