"""Measures Trunkline against its budgets, side by side with the tools that it replaces. Nothing here asserts."""
