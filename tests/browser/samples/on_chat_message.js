chatSocket.onmessage = function(e) {
    const data = JSON.parse(e.data);
    
    switch(data.type) {
        case 'chat_message':
            console.log('New message:', data.message);
            // data.message contains: id, content, type, customer, created_at, etc.
            break;
            
        case 'typing_indicator':
            console.log(`${data.username} is typing:`, data.is_typing);
            break;
            
        case 'messages_read':
            console.log('Messages marked as read by user:', data.user_id);
            break;
            
        case 'recent_messages':
            console.log('Recent messages loaded:', data.messages);
            break;
    }
};
