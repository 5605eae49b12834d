"""Client sessions that are played on the simulated and on a real cluster; what clients see has to be the same, or be a listed difference."""
