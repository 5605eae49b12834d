"""Plays what `sh -c` scripts of charts do: no process, no thread, no clock.

A script is read into a tree of `syntax` and walked step by step; where it waits, it says for how long, and whoever plays
it goes on when that time has come. What is not known here is `NotPlayed`, never guessed.
"""
