websocket.onmessage = (event) => {
  const data = JSON.parse(event.data);
  
  if (data.type === 'acknowledgment') {
    // Success case
    handleSuccess(data);
  } else if (data.type === 'error') {
    // Error case
    handleError(data);
  }
};
