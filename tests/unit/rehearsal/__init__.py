"""The simulated cluster, room by room."""
