"""A real single-node Kubernetes on one machine, built from Debian's own packages: no container hub needed.

``python -m dev.cluster up`` starts it, ``down`` takes every trace of it away. The cluster has no DNS
service of its own (CoreDNS is on a hub only): pods reach services by their addresses.
"""
