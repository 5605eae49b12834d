"""The controllers of workloads and of lifetimes: each looks at one object and brings the world one step closer to it.

They read the store, write through the registry, and never keep what they could read again, but for small indexes.
"""
