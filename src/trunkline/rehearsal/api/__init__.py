"""The API's face: HTTP in, what the registry makes of it out.

Nothing here knows what an object means; every module answers one kind of question, and only `server` has a socket.
"""
