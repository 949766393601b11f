"""Checks files and shows what is wrong, without Typer, so that ``stripec check FILE`` is quick."""

from __future__ import annotations

import os
import sys
from collections.abc import Mapping, Sequence
from enum import StrEnum
from pathlib import Path

from stripe_dsl.diagnostics import Diagnostic, sort_diagnostics
from stripe_dsl.text import and_list


class Format(StrEnum):
    """How diagnostics are printed."""

    text = "text"
    json = "json"
    github = "github"


def check(
    files: Sequence[Path],
    task: str | None = None,
    settings: Mapping[str, str] | None = None,
    format: Format = Format.text,
) -> int:
    """Reports every mistake in the files, and gives the exit status: 1 where there is an error, else 0."""
    from stripe_dsl.pipeline import check_file

    checked = [check_file(file, task=task, settings=settings) for file in files]
    found = sort_diagnostics(item for each in checked for item in each.diagnostics)
    show(found, format)
    if failed(found):
        return 1
    if format is Format.text:
        empty = [file.name for file, each in zip(files, checked, strict=True) if each.module and each.module.empty]
        holds = f"; {and_list(empty)} hold{'' if len(empty) > 1 else 's'} no task or scene"
        print(f"{len(files)} file{'s' if len(files) != 1 else ''} checked, no errors{holds if empty else ''}")
    return 0


def show(diagnostics: Sequence[Diagnostic], format: Format = Format.text) -> None:
    """Prints diagnostics: text to stderr, JSON and annotations to stdout."""
    if format is Format.json:
        from stripe_dsl.diagnostics.render_json import render

        print(render(diagnostics))
    elif format is Format.github:
        from stripe_dsl.diagnostics.render_github import render

        if diagnostics:
            print(render(diagnostics))
    elif diagnostics:
        from stripe_dsl.diagnostics.text import render_all

        print(render_all(diagnostics, color=use_color()), file=sys.stderr)


def use_color() -> bool:
    """Whether stderr takes colours; ``NO_COLOR`` and ``FORCE_COLOR`` decide where they are set."""
    if os.environ.get("NO_COLOR"):
        return False
    return bool(os.environ.get("FORCE_COLOR")) or sys.stderr.isatty()


def failed(diagnostics: Sequence[Diagnostic]) -> bool:
    """Whether there is an error among them."""
    return any(item.severity == "error" for item in diagnostics)
