"""Arguments in, exit code out: one module per command, imported when it is called."""
