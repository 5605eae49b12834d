"""Trunkline takes every commit on trunk to production on Kubernetes, and measures the journey."""

__version__ = "0.1.0"
