function useWebSocketAcknowledgments() {
  const [pendingMessages, setPendingMessages] = useState(new Map());
  const [connectionStatus, setConnectionStatus] = useState('connecting');
  
  useEffect(() => {
    const ws = new WebSocket('ws://your-domain/ws/chat/');
    
    ws.onmessage = (event) => {
      const data = JSON.parse(event.data);
      
      switch (data.type) {
        case 'acknowledgment':
          handleAcknowledgment(data);
          break;
        case 'error':
          handleError(data);
          break;
        // ... other cases
      }
    };
    
    const handleAcknowledgment = (ack) => {
      setPendingMessages(prev => {
        const newPending = new Map(prev);
        
        switch (ack.status) {
          case 'received':
            // Mark message as sent
            updateMessageStatus(ack.message_id, 'sent');
            break;
          case 'marked_read':
            // Update conversation read status
            updateConversationReadStatus(ack.conversation_id);
            break;
          case 'subscribed':
            // Update subscription status
            updateSubscriptionStatus(ack.conversation_id, true);
            break;
          case 'unsubscribed':
            updateSubscriptionStatus(ack.conversation_id, false);
            break;
          case 'conversation_closed':
            updateConversationStatus(ack.conversation_id, 'closed');
            break;
        }
        
        return newPending;
      });
    };
    
    return () => ws.close();
  }, []);
  
  const sendMessage = useCallback((conversationId, content) => {
    const tempId = `temp_${Date.now()}`;
    
    // Add to pending messages
    setPendingMessages(prev => new Map(prev).set(tempId, {
      conversationId,
      content,
      status: 'sending'
    }));
    
    // Send via WebSocket
    websocket.send(JSON.stringify({
      type: 'text',
      conversation_id: conversationId,
      content: content
    }));
    
    return tempId;
  }, []);
  
  return { pendingMessages, sendMessage, connectionStatus };
}
