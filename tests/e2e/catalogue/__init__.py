"""The catalogue of rollouts: what fails on a real cluster and why, and what looks bad and is good."""
