class ChatManager {
    constructor(token) {
        this.token = token;
        this.chatSocket = null;
        this.conversationSocket = null;
    }
    
    connectToConversationList() {
        this.conversationSocket = new WebSocket(
            `ws://localhost:8000/ws/conversations/?token=${this.token}`
        );
        
        this.conversationSocket.onmessage = (e) => {
            const data = JSON.parse(e.data);
            this.handleConversationUpdate(data);
        };
    }
    
    connectToChat(conversationId) {
        if (this.chatSocket) {
            this.chatSocket.close();
        }
        
        this.chatSocket = new WebSocket(
            `ws://localhost:8000/ws/chat/${conversationId}/?token=${this.token}`
        );
        
        this.chatSocket.onmessage = (e) => {
            const data = JSON.parse(e.data);
            this.handleChatMessage(data);
        };
    }
    
    sendMessage(content) {
        if (this.chatSocket) {
            this.chatSocket.send(JSON.stringify({
                'type': 'chat_message',
                'content': content
            }));
        }
    }
    
    handleConversationUpdate(data) {
        // Update UI with new conversation list
        if (data.type === 'conversations_list') {
            this.updateConversationList(data.conversations);
        }
    }
    
    handleChatMessage(data) {
        // Update UI with new message
        if (data.type === 'chat_message') {
            this.addMessageToChat(data.message);
        }
    }
}
