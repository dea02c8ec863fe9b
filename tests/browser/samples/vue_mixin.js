// WebSocket acknowledgment mixin
export default {
  data() {
    return {
      pendingOperations: {},
      acknowledgments: {}
    }
  },
  
  methods: {
    sendMessage(conversationId, content) {
      const tempId = `temp_${Date.now()}`;
      
      // Track pending operation
      this.$set(this.pendingOperations, tempId, {
        type: 'text',
        conversationId,
        content,
        status: 'sending',
        timestamp: Date.now()
      });
      
      // Send message
      this.$websocket.send(JSON.stringify({
        type: 'text',
        conversation_id: conversationId,
        content: content
      }));
      
      return tempId;
    },
    
    handleAcknowledgment(data) {
      const { status, message_id, conversation_id } = data;
      
      switch (status) {
        case 'received':
          this.$set(this.acknowledgments, message_id, {
            status: 'sent',
            timestamp: data.timestamp
          });
          break;
        case 'marked_read':
          this.$emit('conversation-read', conversation_id);
          break;
        case 'subscribed':
          this.$emit('conversation-subscribed', conversation_id);
          break;
        case 'unsubscribed':
          this.$emit('conversation-unsubscribed', conversation_id);
          break;
        case 'conversation_closed':
          this.$emit('conversation-closed', conversation_id);
          break;
      }
    }
  }
}
