"""Names for values that generated code keeps in a local variable."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from types import MappingProxyType

from stripe_dsl.emit.identifiers import RESERVED, validate_identifier
from stripe_dsl.ir.graph import Attr, Node, walk
from stripe_dsl.ir.program import Program

_LONGEST = 32
_PATH = re.compile(r"[A-Za-z_][\w.@]*(\[\w+\][\w.@]*)?")
_PATTERNS = {
    "neg": "{}_negated",
    "not": "not_{}",
    "abs": "{}_abs",
    "sign": "{}_sign",
    "exp": "{}_exp",
    "log": "{}_log",
    "sqrt": "{}_sqrt",
    "sin": "{}_sin",
    "cos": "{}_cos",
    "tan": "{}_tan",
    "tanh": "{}_tanh",
    "wrap": "{}_wrapped",
    "add": "{}_shifted",
    "sub": "{}_difference",
    "mul": "{}_scaled",
    "div": "{}_ratio",
    "min": "{}_capped",
    "max": "{}_raised",
    "lt": "{}_below",
    "le": "{}_below",
    "gt": "{}_above",
    "ge": "{}_above",
    "clip": "{}_clipped",
    "sum": "{}_sum",
    "mean": "{}_mean",
    "list_max": "{}_max",
    "list_min": "{}_min",
    "any": "any_{}",
    "all": "all_{}",
    "count": "{}_count",
    "list_norm": "{}_norm",
    "norm": "{}_norm",
    "dot": "{}_projection",
    "cross": "{}_cross",
    "unit": "{}_direction",
    "rotate": "{}_rotated",
    "rotate_inverse": "{}_in_body",
    "compose": "{}_turned",
    "angle_between": "{}_angle",
    "rotation_vector": "{}_turn",
    "turn": "{}_quat",
    "twist": "{}_twist",
    "damped": "{}_damped",
    "quat_conj": "{}_inverse",
    "quat_unique": "{}_unique",
    "yaw_only": "{}_heading",
    "prev": "previous_{}",
}
_SUMS = {"sum": "sum", "mean": "mean", "list_max": "max", "list_min": "min", "count": "count", "list_norm": "norm"}
_MAIN_ARGUMENT = {"rotate": 1, "rotate_inverse": 1, "where": 1}


class Names:
    """Hands out identifiers that are valid, free, and say what they hold.

    Args:
        taken: identifiers that mean something else where the names will stand.
    """

    def __init__(self, taken: Iterable[str]) -> None:
        self._taken = set(taken)

    def copy(self) -> Names:
        """The same names taken; what is handed out from one is not taken in the other."""
        return Names(self._taken)

    def unique(self, wish: str) -> str:
        """The wished name, changed as little as possible where it is taken: ``x``, ``x_2``, ``x_3``, …"""
        name = f"{wish}_" if wish in RESERVED else wish
        number = 2
        while name in self._taken:
            name = f"{wish}_{number}"
            number += 1
        self._taken.add(name)
        return validate_identifier(name)


def owners(program: Program) -> dict[int, str]:
    """What the file calls the first thing that a value is part of, by node id: a named value, a term, an entry."""
    states = [(state.name, node) for state in program.states for node in (state.update, state.initial, state.renew)]
    terms = (*program.terminations, *program.rewards, *program.metrics)
    goals = (*program.actions, *program.reaches)
    named = [
        *((let.name, let.value) for let in program.lets),
        *((name, node) for name, node in states if node is not None),
        *((term.name, term.value) for term in terms),
        *((item.name, item.value) for group in program.groups for item in group.items),
        *((item.name, node) for item in goals for node in (*(goal for _, goal in item.goals), item.command)),
        *((f"new_{reset.quantity.partition('@')[0]}", reset.value) for reset in program.resets),
    ]
    found: dict[int, str] = {}
    for name, root in named:
        left = [root]
        while left:
            node = left.pop()
            if node.id not in found:
                found[node.id] = name
                left.extend(node.args)
    return found


def describe(node: Node, known: Mapping[int, str], owners: Mapping[int, str] = MappingProxyType({})) -> str:
    """A name that says what the node is: ``slider_to_cart_vel_abs``; where that is too long, what it is part of.

    Args:
        node: the node to name.
        known: names that nodes have already, by node id.
        owners: what it is part of, as :func:`owners` says.
    """
    name = _slug(_phrase(node, known))
    if not name or len(name) > _LONGEST:
        text = node.span.text if node.span is not None else ""
        name = _slug(text) if _PATH.fullmatch(text) else ""  # `grip.touching`: the file has a name for it
    if name and len(name) <= _LONGEST:
        return name
    if node.id in owners:
        return _slug(f"{owners[node.id]}_{_SUMS.get(node.op, 'part')}")
    # of nothing that the file names: of what it is made
    parts = (known[each.id] for each in walk([node]) if each.id in known and len(known[each.id]) < _LONGEST)
    return next((f"{part}_part" for part in parts), _slug(f"{node.op}_value"))


def _phrase(node: Node, known: Mapping[int, str]) -> str:
    if node.id in known:
        return known[node.id]
    match node.op:
        case "const":
            return ""
        case "tunable":
            path = node.attr[0] if isinstance(node.attr, tuple) else node.attr
            return str(path).rpartition(".")[2]
        case "read":
            return _read_phrase(node)
        case "uniform" | "gaussian":
            return "draw"
        case "dt":
            return "step"
        case "state" | "old":
            return str(node.attr)
        case "lt" if node.args[0].op == "uniform" and node.args[1].op == "tunable":
            return f"{_phrase(node.args[1], known)}_drawn"  # a chance
        case "euler":
            return str(node.attr)
        case "sample" if isinstance(node.attr, tuple):
            kind, name = node.attr
            return {"height": "ground_level", "normal": "ground_up"}.get(str(kind), str(name))
    if not node.args:
        return ""
    subject = _phrase(node.args[_MAIN_ARGUMENT.get(node.op, 0)], known)
    # A constant has no name: speak of the first operand that has one.
    subject = subject or next(filter(None, (_phrase(arg, known) for arg in node.args)), "")
    if not subject or len(subject) > _LONGEST:
        return ""
    if node.op == "part":
        return f"{subject}_{node.attr}"
    if node.op == "pow":
        square = node.args[1].op == "const" and node.args[1].attr == 2
        return f"{subject}_squared" if square else f"{subject}_power"
    return _PATTERNS.get(node.op, "{}").format(subject)


def _read_phrase(node: Node) -> str:
    assert node.read is not None
    quantity = node.read.quantity
    if len(node.read.names) == 1:
        return f"{node.read.names[0]}_{quantity.rpartition('.')[2]}"
    return quantity


def _slug(text: str) -> str:
    slug = re.sub(r"[^0-9a-zA-Z]+", "_", text).strip("_").lower()
    return f"_{slug}" if slug[:1].isdigit() else slug


def tunable_path(attr: Attr) -> tuple[str, str]:
    """Path of the field that a ``tunable`` node reads, and the subscript of one end of a range."""
    return (str(attr[0]), f"[{attr[1]}]") if isinstance(attr, tuple) else (str(attr), "")


def entity_attributes(program: Program) -> dict[str, str]:
    """The attribute of each robot and of each object in the environment's class, which is its key in the scene."""
    own = program.own_robots
    robots = {robot.name: "robot" if len(own) == 1 else f"robot_{robot.name}" for robot in own}
    robots |= {robot.name: f"loose_{robot.name}" for robot in program.robots if robot.baked}
    objects = (*program.objects, *program.soft, *program.cables, *program.grains)
    return robots | {item.name: f"object_{item.name}" for item in objects}


def set_labels(program: Program) -> dict[tuple[str, ...], str]:
    """What the file calls each set of joints or bodies, by its members."""
    labels: dict[tuple[str, ...], str] = {}
    for robot in program.robots:
        for name, members in robot.sets:
            labels.setdefault(members, name)
        labels.setdefault(robot.model.joint_names, "joints")
        labels.setdefault(robot.model.body_names, "bodies")
    return labels


def word(text: str) -> str:
    """The text with underscores where an identifier allows nothing else."""
    return "".join(char if char.isascii() and char.isalnum() else "_" for char in text)


def escaped(name: str) -> str:
    """A name as the regular expression that matches it alone."""
    return re.escape(name).replace("\\-", "-").replace("\\ ", " ").replace("\\:", ":").replace("\\/", "/")
