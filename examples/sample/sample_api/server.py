"""The server's own settings, read by gunicorn: each module-level name is one of its options."""

bind = "0.0.0.0:8000"
worker_class = "gthread"
workers = 1
threads = 8

# An application that cannot start ends the container at once, with its own error as the last words.
preload_app = True

# Shorter than the pod's terminationGracePeriodSeconds, so that requests under way end before the pod does.
graceful_timeout = 20
timeout = 30

# Longer than most clients' pools keep a connection, so that the client is the one who closes.
keepalive = 75

# The heartbeat file and the control socket would need a disk, and the container's is read-only.
worker_tmp_dir = "/dev/shm"  # noqa: S108 - memory that the container has to itself
control_socket_disable = True
