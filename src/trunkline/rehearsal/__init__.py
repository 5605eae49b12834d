"""A simulated Kubernetes API with the controllers whose work a release can see.

It speaks to real clients and knows nothing of the rest of Trunkline: whoever is left alone with it cannot tell that no
container runs. Everything in it happens under one lock and on one clock, so that time may be made to pass quickly.
"""
