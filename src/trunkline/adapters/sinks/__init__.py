"""Where measurements go: a sink turns messages into its server's language, sends them once and says what came back.

It keeps nothing, decides nothing about trying again, and never raises.
"""
