"""The parts of MJCF that change what other parts say: includes, default classes, and ways to write an orientation."""

from __future__ import annotations

from collections.abc import Mapping
from math import hypot, radians
from pathlib import Path
from xml.etree.ElementTree import Element

from stripe_dsl.robots import xml_file
from stripe_dsl.robots.errors import RobotFileError
from stripe_dsl.robots.match import suggest
from stripe_dsl.robots.rotations import IDENTITY, Quaternion, Vector, about, from_axes, times

_MAIN = "main"


def expand_includes(root: Element, path: Path) -> tuple[Path, ...]:
    """Put the contents of included files in the place of their ``<include>``, as MuJoCo does.

    Args:
        root: changed in place.
        path: the main file; file names are relative to its folder, also in included files.

    Returns:
        The included files.
    """
    included: list[Path] = []
    _expand(root, path, included)
    return tuple(included)


def _expand(element: Element, main: Path, included: list[Path]) -> None:
    children: list[Element] = []
    for child in list(element):
        if child.tag != "include":
            _expand(child, main, included)
            children.append(child)
            continue
        name = child.get("file")
        if not name:
            raise RobotFileError(f'"{main.name}" has an include without a file')
        file = main.parent / name
        if file == main or file in included:
            raise RobotFileError(f'"{main.name}" includes "{name}" twice', "MuJoCo allows a file to be included once")
        if not file.is_file():
            close = suggest(Path(name).name, _names_in(file.parent), n=1)
            hint = f'did you mean "{close[0]}"?' if close else None
            raise RobotFileError(f'"{main.name}" includes "{name}", which is not there', hint)
        included.append(file)
        inner = xml_file.parse(file)
        _expand(inner, main, included)
        children.extend(inner)
    element[:] = children


def _names_in(folder: Path) -> list[str]:
    return sorted(entry.name for entry in folder.iterdir()) if folder.is_dir() else []


def is_true(text: str) -> bool:
    """Whether an MJCF flag is set."""
    return text.strip().lower() == "true"


class Defaults:
    """Default classes: for every class the attributes that joints and geoms start from."""

    def __init__(self, root: Element, path: Path) -> None:
        self._path = path
        self._classes: dict[str, dict[str, dict[str, str]]] = {_MAIN: {}}
        for default in root.findall("default"):
            self._add(default, default.get("class", _MAIN), {})

    def _add(self, default: Element, name: str, inherited: dict[str, dict[str, str]]) -> None:
        # Several <default> sections of one class add up.
        known = self._classes.get(name, inherited)
        merged = {tag: dict(attributes) for tag, attributes in known.items()}
        for child in default:
            if child.tag != "default":
                merged.setdefault(child.tag, {}).update(child.attrib)
        self._classes[name] = merged
        for child in default.findall("default"):
            inner = child.get("class")
            if not inner:
                raise RobotFileError(f'"{self._path.name}" has a default inside a default without a class')
            self._add(child, inner, merged)

    def merged(self, element: Element, childclass: str | None) -> dict[str, str]:
        """Attributes of an element over those of its class."""
        name = element.get("class", childclass) or _MAIN
        if name not in self._classes:
            close = suggest(name, self._classes, n=1)
            hint = f'did you mean "{close[0]}"?' if close else None
            raise RobotFileError(f'"{self._path.name}" has no default class "{name}"', hint)
        return {**self._classes[name].get(element.tag, {}), **element.attrib}


def orientation(attributes: Mapping[str, str], what: str, degrees: bool, eulerseq: str) -> Quaternion:
    """The orientation that an element's attributes give.

    Args:
        attributes: at most one of ``quat``, ``axisangle``, ``euler``, ``xyaxes``, ``zaxis`` counts.
        what: names the orientation in messages.
        degrees: whether angles are in degrees.
        eulerseq: order of the axes of ``euler``; capitals are fixed axes.
    """
    if "xyaxes" in attributes:
        values = xml_file.numbers(attributes["xyaxes"], what, 6)
        x = _unit(values[:3], what)
        along = sum(a * b for a, b in zip(x, values[3:], strict=True))
        y = _unit(tuple(b - along * a for a, b in zip(x, values[3:], strict=True)), what)
        return from_axes(x, y, _cross(x, y))
    if "quat" in attributes:
        w, x, y, z = xml_file.numbers(attributes["quat"], what, 4)
        norm = hypot(w, x, y, z)
        if norm == 0.0:
            raise RobotFileError(f"{what} is a quaternion of length zero")
        return (w / norm, x / norm, y / norm, z / norm)
    if "axisangle" in attributes:
        x, y, z, angle = xml_file.numbers(attributes["axisangle"], what, 4)
        return about(_unit((x, y, z), what), radians(angle) if degrees else angle)
    if "euler" in attributes:
        q = IDENTITY
        for letter, angle in zip(eulerseq, xml_file.vector(attributes["euler"], what), strict=False):
            axis = (float(letter in "xX"), float(letter in "yY"), float(letter in "zZ"))
            step = about(axis, radians(angle) if degrees else angle)
            q = times(q, step) if letter.islower() else times(step, q)
        return q
    if "zaxis" in attributes:
        return towards(_unit(xml_file.vector(attributes["zaxis"], what), what))
    return IDENTITY


def towards(z: Vector) -> Quaternion:
    """The shortest turn from the z axis to a unit vector."""
    if z[2] <= -1.0 + 1e-12:
        return (0.0, 1.0, 0.0, 0.0)
    norm = hypot(1.0 + z[2], z[0], z[1])
    return ((1.0 + z[2]) / norm, -z[1] / norm, z[0] / norm, 0.0)


def _unit(v: tuple[float, ...], what: str) -> Vector:
    length = hypot(*v)
    if length == 0.0:
        raise RobotFileError(f"{what} has an axis of length zero")
    return (v[0] / length, v[1] / length, v[2] / length)


def _cross(a: Vector, b: Vector) -> Vector:
    return (a[1] * b[2] - a[2] * b[1], a[2] * b[0] - a[0] * b[2], a[0] * b[1] - a[1] * b[0])
