"""Reads the examples out of the pages of ``stripec explain``.

A fence is tagged ``<language> bad`` or ``<language> good``, and ``file=NAME`` where the main document needs another
file beside it. ``console`` examples show a command where the mistake is not in a document.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field

from stripe_dsl.diagnostics.explain import explain

MAIN = {"stripe": "main.stripe", "yaml": "main.stripe.yaml", "console": "console"}

_FENCE = re.compile(r"^```(?P<tag>[^\n]*)\n(?P<text>.*?)^```$", re.MULTILINE | re.DOTALL)
_TAG = re.compile(r"(?P<language>stripe|yaml|xml|usda|console) (?P<kind>bad|good)(?: file=(?P<file>[\w.]+))?")


@dataclass
class Example:
    """Files of one example by name; ``main`` is the one to compile."""

    main: str = ""
    files: dict[str, str] = field(default_factory=dict)


def examples(code: str) -> dict[str, Example]:
    """``bad`` and ``good`` of a page.

    Raises:
        ValueError: a fence has another tag, or an example has no main document or two.
    """
    page = explain(code)
    if page is None:
        raise ValueError(f"no page for {code}")
    found: dict[str, Example] = {}
    for fence in _FENCE.finditer(page):
        tag = _TAG.fullmatch(fence["tag"])
        if tag is None:
            raise ValueError(f"{code}: unknown tag {fence['tag']!r}")
        example = found.setdefault(tag["kind"], Example())
        name = tag["file"] or MAIN[tag["language"]]
        if name in example.files or (tag["file"] is None and example.main):
            raise ValueError(f"{code}: {name} twice")
        if tag["file"] is None:
            example.main = name
        example.files[name] = fence["text"]
    for kind, example in found.items():
        if not example.main:
            raise ValueError(f"{code}: no {kind} document")
    return found
