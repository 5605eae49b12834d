"""What lies in a registry under a repository's tags: read without belief, counted, pruned by a plan.

A plan removes only what nobody runs or could return to. Nothing here asks a registry.
"""
