"""The only room that names adapters: it composes the World of a command, and that of a rehearsal."""
