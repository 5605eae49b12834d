"""The world, one module per neighbour; adapters implement ports and do not know each other."""
