"""Servers that behave as other people's do, strictly, for tests and for the demonstration."""
