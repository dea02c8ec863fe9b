const token = 'your-jwt-access-token';
const conversationId = 'abc123';
const chatSocket = new WebSocket(`ws://localhost:8000/ws/chat/${conversationId}/?token=${token}`);
