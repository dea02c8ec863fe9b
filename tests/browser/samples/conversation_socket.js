const token = 'your-jwt-access-token';
const conversationSocket = new WebSocket(`ws://localhost:8000/ws/conversations/?token=${token}`);
