"""Pure rules of the trade: no process, socket, file, clock or environment is touched in this room."""
