"""Textures: the picture files that bodies are covered with, ``wall.texture = pictures("oak.png", width = 50 cm)``."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from stripe_dsl.check.tunables import Given
from stripe_dsl.check.values import Base, BodySet
from stripe_dsl.ir.randomize import TEXTURE, Change, Picture
from stripe_dsl.robots.errors import RobotFileError, RobotUnavailableError
from stripe_dsl.robots.locate import resolve
from stripe_dsl.spec.values import Expression, Text, Update
from stripe_dsl.syntax import ast
from stripe_dsl.units import LENGTH

if TYPE_CHECKING:
    from stripe_dsl.check.randomize import Randomization

WIDTH = 1.0
"""Edge of a picture where none is written [m]; what Newton's renderer makes of one."""


def texture(
    check: Randomization, owner: BodySet | Base, names: tuple[str, ...], value: Update, target: Text
) -> Change | None:
    """A change of what bodies are covered with; ``None`` after a mistake was reported."""
    report, node = check.report, value.node
    if not any(item.read is not None and item.read.quantity == "camera.rgb" for item in check.low.graph.nodes):
        message = f"no camera of this task reads colours, so nothing would see `{target}`"
        report.error(
            "E0615", message, target.span, "as in `sensor eye = camera(base)` and `observe picture { eye.rgb }`"
        )
        return None
    help = f'write `{target} = pictures("oak.png", "marble.png", width = 50 cm)`'
    if not isinstance(node, ast.Call) or not isinstance(node.function, ast.Name) or node.function.id != "pictures":
        report.error("E0309", f"`{target}` is drawn from pictures", value.span, help)
        return None
    strange = next((name for name, _ in node.keywords if name.id != "width"), None)
    if strange is not None:
        report.error("E0209", f"`pictures` takes no `{strange.id}`", strange.span, "it takes files and a `width`")
        return None
    odd = next((arg for arg in node.args if not isinstance(arg, ast.String)), None)
    if odd is not None or not node.args:
        report.error("E0209", "`pictures` takes the paths of files", (odd or node).span, help)
        return None
    found = [_picture(check, arg) for arg in node.args if isinstance(arg, ast.String)]
    given = next((Expression(width) for _, width in node.keywords), None)
    width = check.settings.positive(given, LENGTH, "width", WIDTH)
    with check.low.tunables.term("randomize", check.name(target)):
        doc = f"Edge of a picture on `{target}`."
        path = check.low.tunables.add(width, LENGTH, Given("width"), given.span if given else value.span, doc)
    files = tuple(picture for picture in found if picture is not None)
    if len(files) < len(found):
        return None
    return Change(owner.robot, TEXTURE, names, "", "set", "pictures", path, None, target.span, files)


def _picture(check: Randomization, arg: ast.String) -> Picture | None:
    """A file that is a picture; what is none is reported."""
    from PIL import Image, UnidentifiedImageError  # few tasks have one, and every check would pay for it

    modules, span = check.low.scope.modules, arg.span
    module = modules.get(span.source, check.low.scope.module)
    try:
        path: Path = resolve(arg.value, relative_to=module.folder if module is not None else None)
    except RobotUnavailableError as problem:
        check.report.error("E0607", problem.reason, span, *((problem.hint,) if problem.hint else ()))
        return None
    except RobotFileError as problem:
        check.report.error(problem.code, problem.reason, span, *((problem.hint,) if problem.hint else ()))
        return None
    try:
        with Image.open(path) as picture:
            picture.verify()
    except (OSError, UnidentifiedImageError, SyntaxError, ValueError):  # what Pillow raises for broken PNG files
        check.report.error("E0602", f'"{arg.value}" is no picture', span, "PNG and JPEG are read, among others")
        return None
    qualified = module.qualified(arg.value) if module is not None else arg.value
    return Picture(qualified, str(path))
