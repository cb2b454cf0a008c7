"""The load generator: processes that play the clients."""
