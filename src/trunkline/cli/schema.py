"""`trunkline schema`."""

from __future__ import annotations

import json

import click


@click.command("schema", short_help="Print the JSON schema of trunkline.yaml.")
def command() -> None:
    """Print the JSON schema of trunkline.yaml, for editors.

    Save it, and name it in the first line of the file:
    # yaml-language-server: $schema=trunkline.schema.json
    """
    from trunkline.config.json_schema import json_schema

    click.echo(json.dumps(json_schema(), indent=2))
