"""``stripec schema``."""

from __future__ import annotations

import typer


def run() -> None:
    """Prints the JSON schema of the YAML form, for editors."""
    from stripe_dsl.spec.schema import schema_text

    typer.echo(schema_text(), nl=False)
