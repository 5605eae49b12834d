"""The only place where a plan becomes deeds: intent is recorded first, and what was begun can be undone."""
