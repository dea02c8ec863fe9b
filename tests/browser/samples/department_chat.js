// Connect to department chat
const ws = new WebSocket('ws://localhost:8000/ws/chat/Reception/');

ws.onmessage = function(event) {
    const data = JSON.parse(event.data);
    if (data.type === 'message') {
        displayMessage(data.data);
    }
};

// Send message
ws.send(JSON.stringify({
    type: 'text',
    conversation_id: 1,
    content: 'Hello from staff!'
}));
