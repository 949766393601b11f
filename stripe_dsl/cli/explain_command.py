"""``stripec explain``."""

from __future__ import annotations

from typing import Annotated

import typer

from stripe_dsl.cli.common import fail


def run(
    code: Annotated[
        str | None, typer.Argument(help="A code such as E0203; all codes where absent.", show_default=False)
    ] = None,
) -> None:
    """Explains a diagnostic: what it means, why it matters, an example and the mend."""
    from stripe_dsl.diagnostics.codes import CODES
    from stripe_dsl.diagnostics.explain import explain, suggest_codes

    if code is None:
        for item in CODES.values():
            typer.echo(f"{item.code}  {item.title}")
        return
    page = explain(code.upper())
    if page is None:
        raise fail(f"there is no diagnostic `{code}`", *(f"did you mean {item}?" for item in suggest_codes(code)[:1]))
    typer.echo(page)
