"""Use cases, one function each: they gather facts, ask `plan` what to do and let `run` do it."""
