conversationSocket.onmessage = function(e) {
    const data = JSON.parse(e.data);
    
    switch(data.type) {
        case 'conversations_list':
            console.log('Conversations:', data.conversations);
            // data.conversations contains array of conversation objects
            break;
            
        case 'new_customer_message':
            console.log('New customer message in conversation:', data.conversation_id);
            console.log('Message:', data.message);
            // Refresh conversation list or show notification
            break;
    }
};
