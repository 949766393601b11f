"""The doors through which names, values and remarks reach generated Python."""

from __future__ import annotations

import builtins
import keyword
import math
from textwrap import wrap

RESERVED: frozenset[str] = frozenset(
    {*keyword.kwlist, *keyword.softkwlist, *(name for name in dir(builtins) if not name.startswith("_")), "self", "cls"}
)
"""Words that generated code never binds: keywords, builtins, and the receiver of a method."""


def validate_identifier(name: str) -> str:
    """The name itself, when generated code may bind it.

    Every identifier in generated code passes through here; text that a user wrote goes through ``literal``.

    Raises:
        ValueError: the name is not plain ASCII, not an identifier, a keyword, a builtin, ``self`` or a dunder. The
            checker should have refused it before: this is a bug of the compiler, not a mistake of the user.
    """
    if not (name.isascii() and name.isidentifier()):
        raise ValueError(f"not an identifier: {name!r}")
    if name in RESERVED:
        raise ValueError(f"reserved in Python: {name!r}")
    if name.startswith("__"):
        raise ValueError(f"private to Python: {name!r}")
    return name


def safe_identifier(name: str) -> str:
    """The name, with an underscore behind it where Python reserves it: ``lambda`` becomes ``lambda_``.

    Raises:
        ValueError: the name is no identifier at all, see ``validate_identifier``.
    """
    return validate_identifier(f"{name}_" if name in RESERVED else name)


def literal(value: object) -> str:
    """Python source of a value: strings, numbers, conditions, ``None``, and tuples, lists and dicts of these.

    Floats lose the noise of unit conversion (0.1 instead of 0.10000000000000002): they keep 15 significant digits
    where that is much shorter. Double quotes are preferred, as the formatter does.

    Raises:
        TypeError: the value is of another type.
    """
    match value:
        case None | bool() | int():
            return repr(value)
        case float():
            return _float(value)
        case str():
            return _string(value)
        case tuple():
            return f"({', '.join(map(literal, value))}{',' if len(value) == 1 else ''})"
        case list():
            return f"[{', '.join(map(literal, value))}]"
        case dict():
            return f"{{{', '.join(f'{literal(key)}: {literal(item)}' for key, item in value.items())}}}"
        case _:
            raise TypeError(f"no literal for {type(value).__name__}")


def remark(text: str) -> str:
    """Text for comments and docstrings on one line: nothing in it ends a line, a comment or a string.

    Quotes become apostrophes, backslashes slashes, and white space and characters that do not print become spaces.
    """
    tidy = text.replace("\\", "/").replace('"', "'")
    return " ".join("".join(char if char.isprintable() else " " for char in tidy).split())


def docstring(text: str, indent: int = 0, width: int = 120) -> str:
    """A docstring, over several lines where one is too short.

    Args:
        text: what it says; see :func:`remark`.
        indent: columns before its lines, which stand before the first one already.
        width: longest line wanted. A word that is longer stays as it is.
    """
    quoted = f'"""{remark(text)}"""'
    if indent + len(quoted) <= width:
        return quoted
    return f"\n{' ' * indent}".join([*_wrapped(quoted[:-3], width - indent), '"""'])


def paragraph(text: str, before: str = "", width: int = 120) -> str:
    """A paragraph of a docstring that begins at the margin, or behind ``before``; see :func:`remark`."""
    return "\n".join(_wrapped(before + remark(text), width))


def _wrapped(text: str, width: int) -> list[str]:
    return wrap(text, width, break_long_words=False, break_on_hyphens=False)


def _float(value: float) -> str:
    if not math.isfinite(value):
        return f'float("{value}")'
    exact = repr(float(value))  # float() first: the repr of a NumPy scalar names its type
    tidy = repr(float(f"{value:.15g}"))
    return tidy if len(tidy) < len(exact) - 2 and "inf" not in tidy else exact


def _string(text: str) -> str:
    plain = repr(text)
    # repr picks single quotes unless the text holds some and no double quotes.
    if plain[0] == '"' or '"' in text:
        return plain
    return f'"{plain[1:-1]}"'
