"""What a kill, or an API server in trouble, does to a release on the real cluster."""
