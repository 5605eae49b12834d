"""Nodes that run nothing: a scheduler, and a kubelet that plays what containers would do.

What a container does is data (`behaviour`); all that a release can see of it, such as states, events and logs, follows.
"""
