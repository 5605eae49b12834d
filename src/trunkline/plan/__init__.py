"""Pure decisions: facts and a project in, a plan of frozen steps out. Nothing here acts or asks."""
