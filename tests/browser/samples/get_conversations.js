conversationSocket.send(JSON.stringify({
    'type': 'get_conversations'
}));
