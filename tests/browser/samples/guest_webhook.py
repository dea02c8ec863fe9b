import requests

# Send message to guest webhook
response = requests.post('https://api.lobbybee.com/api/chat/guest-webhook/', {
    'whatsapp_number': '+1234567890',
    'message': 'I need room service',
    'message_type': 'text'
})
