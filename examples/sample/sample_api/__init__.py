"""A service that is small enough to be read in a minute, and is delivered like a large one."""
