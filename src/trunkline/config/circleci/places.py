"""Which keys each place of a configuration knows, and of what kind their values are (CircleCI's configuration reference)."""

from __future__ import annotations

from collections.abc import Mapping

Keys = Mapping[str, str]

# Kinds: text, flag, number, duration, list (of texts), texts (one or several), map, any, environment, steps, logic, image.
_EXECUTORS: Keys = {
    "docker": "list-of-maps", "machine": "any", "macos": "map", "resource_class": "text", "shell": "texts",
    "working_directory": "text", "environment": "environment",
}  # fmt: skip
JOB: Keys = {
    **_EXECUTORS, "type": "text", "description": "text", "executor": "any", "parameters": "map", "parallelism": "number",
    "steps": "steps", "circleci_ip_ranges": "flag", "max_auto_reruns": "number", "retention": "map",
    "plan_name": "text", "validation": "any", "key": "text", "branches": "map",
}  # fmt: skip
EXECUTOR: Keys = {**_EXECUTORS, "description": "text", "parameters": "map"}
COMMAND: Keys = {"description": "text", "parameters": "map", "steps": "steps"}
PARAMETER: Keys = {"type": "text", "default": "any", "description": "text", "enum": "list"}
DOCKER: Keys = {
    "image": "text", "name": "text", "entrypoint": "texts", "command": "texts", "user": "text",
    "environment": "environment", "auth": "map", "aws_auth": "map", "gcp_auth": "map",
}  # fmt: skip
MACHINE: Keys = {
    "image": "text", "docker_layer_caching": "flag", "enabled": "flag", "resource_class": "text", "shell": "texts",
    "code_signing": "list",
}  # fmt: skip
MACOS: Keys = {"xcode": "text", "resource_class": "text", "shell": "texts", "code_signing": "list"}
WORKFLOW: Keys = {
    "jobs": "list", "when": "logic", "unless": "logic", "triggers": "list", "max_auto_reruns": "number", "description": "text",
}  # fmt: skip
ENTRY: Keys = {
    "name": "text", "type": "text", "requires": "list", "context": "texts", "filters": "any", "matrix": "map",
    "pre-steps": "steps", "post-steps": "steps", "serial-group": "text", "override-with": "text", "when": "logic",
    "unless": "logic",
}  # fmt: skip
# What only an entry of that type has, so that it counts as a parameter of no job.
ENTRY_OF_RELEASE = frozenset({"plan_name", "validation", "key"})

STEPS: Mapping[str, Keys] = {
    "run": {
        "command": "text", "name": "text", "shell": "text", "environment": "environment", "background": "flag",
        "working_directory": "text", "no_output_timeout": "duration", "when": "text", "max_auto_reruns": "number",
        "auto_rerun_delay": "duration", "teardown": "any", "pwd": "text", "path": "text",
    },
    "checkout": {"path": "text", "method": "text", "depth": "number", "name": "text", "when": "text"},
    "setup_remote_docker": {
        "version": "text", "docker_layer_caching": "flag", "prefer_same_region": "flag", "resource_class": "text",
        "when": "text", "name": "text",
    },
    "save_cache": {"key": "text", "paths": "texts", "name": "text", "when": "text"},
    "restore_cache": {"key": "text", "keys": "texts", "name": "text", "when": "text"},
    "store_artifacts": {"path": "text", "destination": "text", "name": "text", "when": "text"},
    "store_test_results": {"path": "text", "name": "text", "when": "text"},
    "persist_to_workspace": {"root": "text", "paths": "texts", "path": "text", "name": "text", "when": "text"},
    "attach_workspace": {"at": "text", "name": "text", "when": "text"},
    "add_ssh_keys": {"fingerprints": "texts", "name": "text", "when": "text"},
    "install_signing_bundle": {},
    "with_tool_cache": {"tool": "text", "steps": "steps", "name": "text", "when": "text"},
}  # fmt: skip
NEEDED: Mapping[str, tuple[str, ...]] = {
    "run": ("command",),
    "save_cache": ("key", "paths"),
    "store_artifacts": ("path",),
    "store_test_results": ("path",),
    "persist_to_workspace": ("root",),
    "attach_workspace": ("at",),
}
# Steps that may stand there as a word.
BARE = frozenset({"checkout", "setup_remote_docker", "add_ssh_keys", "install_signing_bundle"})
CONDITIONS = ("when", "unless")
STEP_TIMES = frozenset({"always", "on_success", "on_fail"})
CHECKOUTS = frozenset({"blobless", "full", "shallow"})
JOB_TYPES = frozenset({"build", "release", "approval", "no-op", "lock", "unlock"})
STATUSES = frozenset({"success", "failed", "canceled", "unauthorized", "not_run", "terminal"})
PIPELINE_TYPES = frozenset({"string", "boolean", "integer", "enum"})
PARAMETER_TYPES = PIPELINE_TYPES | {"executor", "steps", "env_var_name"}
TOP = frozenset(
    {
        "version", "setup", "orbs", "commands", "executors", "jobs", "workflows", "parameters", "job-groups", "functions",
        "experimental", "examples", "display", "notify", "description",
    }
)  # fmt: skip
