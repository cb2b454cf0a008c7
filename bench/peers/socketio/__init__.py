"""A Socket.IO server with its Redis adapter, on Node."""
