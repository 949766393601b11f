"""What the URDF and the MJCF reader share: an XML file in, elements and numbers out, mistakes as RobotFileError."""

from __future__ import annotations

from math import isfinite
from pathlib import Path
from xml.etree import ElementTree
from xml.etree.ElementTree import Element

from stripe_dsl.robots.errors import RobotFileError


def parse(path: Path) -> Element:
    """Root element of an XML file. Nothing but this file is read: no DTD, no network."""
    try:
        return ElementTree.fromstring(path.read_bytes())
    except ElementTree.ParseError as error:
        line, column = error.position
        reason = str(error).split(":", 1)[0]
        if reason == "no element found" and column == 0 and line <= 1:
            raise RobotFileError(f'"{path.name}" is empty') from None
        raise RobotFileError(
            f'"{path.name}" is not well-formed XML: {reason} (line {line}, column {column + 1})'
        ) from None
    except FileNotFoundError:
        raise RobotFileError(f'there is no file "{path}"') from None
    except (OSError, LookupError, ValueError) as error:
        raise RobotFileError(f'"{path.name}" cannot be read: {error}') from None


def numbers(text: str, what: str, count: int | None = None) -> tuple[float, ...]:
    """Numbers separated by spaces. ``what`` names them in the message, as in ``range of joint "knee"``."""
    try:
        values = tuple(float(word) for word in text.split())
    except ValueError:
        raise RobotFileError(f'{what} is "{text.strip()}", which is not a list of numbers') from None
    if not all(isfinite(value) for value in values):
        raise RobotFileError(f'{what} is "{text.strip()}", which is not finite')
    if count is not None and len(values) != count:
        raise RobotFileError(f"{what} has {len(values)} numbers and needs {count}")
    return values


def number(text: str, what: str) -> float:
    """One number."""
    return numbers(text, what, 1)[0]


def vector(text: str, what: str) -> tuple[float, float, float]:
    """Three numbers."""
    x, y, z = numbers(text, what, 3)
    return (x, y, z)
