// Store pending operations
const pendingOperations = new Map();

// Send message with tracking ID
function sendMessage(conversationId, content) {
  const messageId = Date.now().toString();
  const operationId = `msg_${messageId}`;
  
  // Store pending operation
  pendingOperations.set(operationId, {
    type: 'text',
    conversationId,
    content,
    timestamp: Date.now()
  });
  
  // Send to WebSocket
  websocket.send(JSON.stringify({
    type: 'text',
    conversation_id: conversationId,
    content: content
  }));
  
  // Show loading state
  showMessageStatus(messageId, 'sending');
}

// Handle acknowledgments
function handleAcknowledgment(data) {
  const { status, message_id, conversation_id } = data;
  
  if (status === 'received') {
    // Message was successfully processed
    showMessageStatus(message_id, 'sent');
    
    // Remove from pending after a delay
    setTimeout(() => {
      pendingOperations.delete(`msg_${messageId}`);
    }, 5000);
  }
}
