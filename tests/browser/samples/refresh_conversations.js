conversationSocket.send(JSON.stringify({
    'type': 'refresh_conversations'
}));
