"""Loads the grammar: finds ``stripe.lark``, and keeps the compiled parser in the user's cache folder."""

from __future__ import annotations

import hashlib
import os
import sys
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

from stripe_dsl.syntax.build import Builder

if TYPE_CHECKING:
    from lark import Lark

START_RULES = ("file", "expression", "item")


def grammar_folder() -> Path:
    """The folder that holds ``stripe.lark`` and ``syntax_errors.toml``.

    A wheel carries it inside the package, a source tree beside it.

    Raises:
        FileNotFoundError: the installation is incomplete.
    """
    package = Path(__file__).resolve().parents[1]
    for folder in (package / "grammar", package.parent / "grammar"):
        if (folder / "stripe.lark").is_file():
            return folder
    raise FileNotFoundError("stripe.lark is missing from this installation of stripe_dsl")


def cache_folder() -> Path:
    """Where compiled things are kept: ``$STRIPEC_CACHE``, else ``stripec`` in the user's cache folder."""
    chosen = os.environ.get("STRIPEC_CACHE")
    if chosen:
        return Path(chosen).expanduser()
    base = os.environ.get("XDG_CACHE_HOME")
    return (Path(base) if base else Path.home() / ".cache") / "stripec"


@cache
def load_grammar() -> tuple[Lark, Builder]:
    """The LALR parser, and the builder that its reductions call."""
    lark = _import_lark()
    text = (grammar_folder() / "stripe.lark").read_text(encoding="utf-8")
    builder = Builder()

    def build(cached: str | bool) -> Lark:
        return lark.Lark(
            text, parser="lalr", start=list(START_RULES), maybe_placeholders=False, transformer=builder, cache=cached
        )

    # One file for every version of the grammar, and it is moved into place: another process never reads half a file.
    mark = hashlib.sha256(f"{text} {lark.__version__} {sys.version_info[:2]}".encode()).hexdigest()[:16]
    file = cache_folder() / f"grammar-{mark}.pickle"
    if file.is_file():
        return build(str(file)), builder
    partial = file.with_name(f"{file.name}.{os.getpid()}")
    try:
        file.parent.mkdir(parents=True, exist_ok=True)
        parser = build(str(partial))
        partial.replace(file)
    except OSError:  # a read-only home: the parser works all the same, a little later
        parser = build(False)
    return parser, builder


def _import_lark():  # noqa: ANN202 - a module
    """Imports lark without ``regex``, which lark loads where it is installed, never uses here, and costs 60 ms."""
    hide = "regex" not in sys.modules
    if hide:
        sys.modules["regex"] = None  # type: ignore[assignment]
    try:
        import lark
    finally:
        if hide:
            del sys.modules["regex"]
    return lark
