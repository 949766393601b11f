"""Random well-typed graphs over every operator, and values for their leaves."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from hypothesis import HealthCheck
from hypothesis import strategies as st

from stripe_dsl.ir.graph import Graph, Node, Read
from stripe_dsl.ir.reference import Array, Inputs
from stripe_dsl.ir.types import BOOL, FLOAT, Axis, Kind, Type

JOINTS = Axis("joint", "robot", ("hip", "knee", "ankle"))
"""Three members, as a vec3 has components: a mix-up of the two goes unnoticed by shape checks alone."""
FEET = Axis("body", "robot", ("left", "right"))
NONE_OR_LIST = (None, JOINTS, FEET)
VECTORS = (Kind.VEC2, Kind.VEC3)

LARGE_INPUTS = (HealthCheck.too_slow, HealthCheck.data_too_large, HealthCheck.large_base_example)
"""Health checks to leave out: graphs are large, and the first one waits for torch."""

_NUMBERS = st.sampled_from((0.25, 0.5, 0.7, 1.0, 1.3, 2.0, 3.0))
_SIGNED = st.sampled_from((-2.0, -1.0, -0.3, 0.0, 0.25, 0.5, 1.0, 1.7, 3.0))
_EXPONENTS = st.sampled_from((0.5, 1.5, 2.0, 3.0, -1.0))
_COMPARISONS = ("lt", "le", "gt", "ge", "eq", "ne")
_ELEMENT_BY_ELEMENT = ("neg", "abs", "sign", "exp", "sin", "cos", "tan", "atan", "tanh", "floor", "ceil", "wrap")
_PARTIAL = ("log", "sqrt", "asin", "acos")
_TWO = ("add", "sub", "mul", "min", "max", "atan2")


@dataclass
class Builder:
    """Grows graphs by drawing operators; every node has the type that the checker would give it."""

    draw: Callable[[st.SearchStrategy[Any]], Any]
    graph: Graph = field(default_factory=Graph)
    tunables: dict[str, float | tuple[float, ...]] = field(default_factory=dict)
    serial: int = 0

    def pick[Item](self, items: Iterable[Item]) -> Item:
        """One of the items."""
        return self.draw(st.sampled_from(tuple(items)))

    def node(self, op: str, args: list[Node], type: Type, attr: Any = None, read: Read | None = None) -> Node:
        """A node of the graph."""
        return self.graph.add(op, args, type=type, attr=attr, read=read)

    def const(self, value: float | bool | tuple, type: Type = FLOAT) -> Node:
        """A constant."""
        return self.node("const", [], type, attr=value)

    def leaf(self, type: Type) -> Node:
        """A constant, a tunable or something read."""
        kinds = ["read", "read", "prev", "state", "old", *(["dt"] if type == FLOAT else [])]
        kinds += ["const"] if type.kind is not Kind.QUAT else []
        kinds += ["tunable"] if type.kind not in (Kind.QUAT, Kind.BOOL) else []
        match self.pick(kinds):
            case "const":
                return self.const(self.nested(type), type)
            case "tunable":
                return self.tunable(type)
            case "prev":
                return self.node("prev", [self.read(type)], type)
            case "dt":
                return self.node("dt", [], type)
            case "state" | "old" as op:
                members = len(type.axis) if type.axis is not None else 0
                return self.node(op, [], type, attr=f"{type.kind.name.lower()}_{members}")
            case _:
                return self.read(type)

    def nested(self, type: Type) -> float | bool | tuple:
        """A value of the type, as the attribute of a constant holds it."""
        element = st.booleans() if type.is_bool else _SIGNED
        value = element
        for size in reversed(type.shape):
            value = st.tuples(*[value] * size)
        return self.draw(value)

    def tunable(self, type: Type) -> Node:
        """A field of the cfg; of numbers also one end of a pair."""
        self.serial += 1
        path = f"group.field_{self.serial}"
        if type == FLOAT and self.draw(st.booleans()):
            self.tunables[path] = tuple(sorted((self.draw(_NUMBERS), self.draw(_NUMBERS))))
            return self.node("tunable", [], type, attr=(path, self.pick((0, 1))))
        value = self.draw(_NUMBERS) if type == FLOAT else self.nested(type)
        self.tunables[path] = value
        return self.node("tunable", [], type, attr=path)

    def read(self, type: Type) -> Node:
        """One of a few quantities of the type, so that graphs share them."""
        quantity = f"{type.kind.name.lower()}.{self.pick('abc')}"
        names = type.axis.names if type.axis is not None else ()
        return self.node("read", [], type, read=Read("robot", quantity, names))

    def tensor(self, type: Type, depth: int) -> Node:
        """As ``grow``, but not the same in all environments, so that torch and not Python computes with it."""
        node = self.grow(type, depth)
        return self.node("add", [node, self.read(type)], type) if fixed(node) else node

    def mixed(self, type: Type, depth: int, count: int) -> list[Node]:
        """Operands that combine to the type: one has it, the others may have fewer dimensions."""
        fewer = [type.with_(kind=kind, axis=axis) for kind, axis in _fewer(type)]
        types = [type, *(self.pick(fewer) for _ in range(count - 1))]
        return [self.grow(each, depth) for each in self.draw(st.permutations(types))]

    def grow(self, type: Type, depth: int) -> Node:
        """A random expression of the type with at most ``depth`` operators above each leaf."""
        if depth <= 0:
            return self.leaf(type)
        makers = {Kind.BOOL: self.condition, Kind.FLOAT: self.number, Kind.QUAT: self.rotation}
        return makers.get(type.kind, self.vector)(type, depth - 1)

    def condition(self, type: Type, depth: int) -> Node:
        """A condition or a list of them."""
        choice = self.pick(("not", "compare", "logic", "where", *(("any", "all") if type.axis is None else ("pick",))))
        match choice:
            case "not":
                return self.node("not", [self.grow(type, depth)], type)
            case "compare":
                return self.node(self.pick(_COMPARISONS), self.mixed(type.with_(kind=Kind.FLOAT), depth, 2), type)
            case "logic":
                return self.node(self.pick(("and", "or")), self.mixed(type, depth, 2), type)
            case "where":
                return self.where(type, depth)
            case "pick":
                return self.picked(type, depth)
            case _:
                return self.node(choice, [self.grow(BOOL.with_(axis=self.pick((JOINTS, FEET))), depth)], type)

    def number(self, type: Type, depth: int) -> Node:
        """A number or a list of them."""
        choices = ["one", "two", "partial", "ratio", "pow", "float", "where", "clip", "uniform", "length", "dot"]
        choices += ["part", "euler", "angle", *(("reduce", "count") if type.axis is None else ("pick", "stack"))]
        match self.pick(choices):
            case "one":
                op = self.pick(_ELEMENT_BY_ELEMENT)
                return self.node(op, [self.tensor(type, depth) if op == "exp" else self.grow(type, depth)], type)
            case "two":
                return self.node(self.pick(_TWO), self.mixed(type, depth, 2), type)
            case "partial":
                return self.node(self.pick(_PARTIAL), [self.tensor(type, depth)], type)
            case "ratio":
                # Python refuses to divide by zero where tensors give infinity.
                divisor = self.const(self.draw(_NUMBERS)) if self.draw(st.booleans()) else self.tensor(type, depth)
                return self.node(self.pick(("div", "mod")), [self.grow(type, depth), divisor], type)
            case "pow":
                return self.node("pow", [self.tensor(type, depth), self.const(self.draw(_EXPONENTS))], type)
            case "float":
                return self.node("float", [self.grow(type.with_(kind=Kind.BOOL), depth)], type)
            case "where":
                return self.where(type, depth)
            case "clip":
                return self.node("clip", self.mixed(type, depth, 3), type)
            case "uniform":
                return self.uniform(type, depth)
            case "length":
                return self.node("norm", [self.grow(type.with_(kind=self.pick(VECTORS)), depth)], type)
            case "dot":
                return self.node("dot", self.vectors(type.with_(kind=self.pick(VECTORS)), depth), type)
            case "part":
                vector = self.grow(type.with_(kind=self.pick(VECTORS)), depth)
                return self.node("part", [vector], type, attr=self.pick("xyz"[: vector.type.components]))
            case "angle":
                rotations = [self.grow(type.with_(kind=Kind.QUAT), depth) for _ in range(2)]
                return self.node("angle_between", rotations, type)
            case "euler":
                rotation = self.grow(type.with_(kind=Kind.QUAT), depth)
                return self.node("euler", [rotation], type, attr=self.pick(("roll", "pitch", "yaw")))
            case "reduce":
                return self.reduced(type, depth)
            case "count":
                return self.node("count", [self.grow(BOOL.with_(axis=self.pick((JOINTS, FEET))), depth)], type)
            case "pick":
                return self.picked(type, depth)
            case _:
                assert type.axis is not None
                members = [self.grow(FLOAT, depth) for _ in type.axis.names]
                return self.node("stack", members, type)

    def vector(self, type: Type, depth: int) -> Node:
        """A vector or a list of them."""
        choices = ["neg", "sum", "scaled", "where", "unit", "vec", "uniform", "part"]
        choices += ["reduce"] if type.axis is None else ["pick"]
        choices += ["cross", "rotate", "rotation_vector"] if type.kind is Kind.VEC3 else []
        match self.pick(choices):
            case "neg":
                return self.node("neg", [self.grow(type, depth)], type)
            case "sum":
                return self.node(self.pick(("add", "sub", "min", "max")), self.vectors(type, depth), type)
            case "scaled":
                return self.node("mul", self.mixed(type, depth, 2), type)
            case "where":
                return self.where(type, depth)
            case "unit":
                return self.node("unit", [self.grow(type, depth)], type)
            case "vec":
                return self.node("vec", self.mixed(type.with_(kind=Kind.FLOAT), depth, type.components), type)
            case "uniform":
                return self.uniform(type, depth)
            case "part":
                vector = self.grow(type.with_(kind=Kind.VEC3), depth)
                letters = self.draw(st.permutations("xyz"))[: type.components]
                return self.node("part", [vector], type, attr="".join(letters))
            case "reduce":
                return self.reduced(type, depth)
            case "pick":
                return self.picked(type, depth)
            case "rotation_vector":
                return self.node("rotation_vector", [self.grow(type.with_(kind=Kind.QUAT), depth)], type)
            case "cross":
                return self.node("cross", self.vectors(type, depth), type)
            case _:
                rotation, vector = self.vectors(type, depth, Kind.QUAT)
                return self.node(self.pick(("rotate", "rotate_inverse")), [rotation, vector], type)

    def rotation(self, type: Type, depth: int) -> Node:
        """A rotation or a list of them."""
        match self.pick(
            ("yaw_only", "quat", "compose", "turn", "where", "read", *(("pick",) if type.axis is not None else ()))
        ):
            case "yaw_only":
                return self.node("yaw_only", [self.grow(type, depth)], type)
            case "turn":
                return self.node("turn", [self.grow(type.with_(kind=Kind.VEC3), depth)], type)
            case "compose":
                return self.node("compose", [self.grow(type, depth) for _ in range(2)], type)
            case "quat":
                return self.node("quat", self.mixed(type.with_(kind=Kind.FLOAT), depth, 3), type, attr="rpy")
            case "where":
                return self.where(type, depth)
            case "pick":
                return self.picked(type, depth)
            case _:
                return self.read(type)

    def where(self, type: Type, depth: int) -> Node:
        """A choice; the condition or one of the values may have fewer dimensions."""
        condition = self.grow(BOOL.with_(axis=self.pick((None, type.axis))), depth)
        values = [self.grow(type, depth), self.grow(type.with_(axis=self.pick((None, type.axis))), depth)]
        return self.node("where", [condition, *self.draw(st.permutations(values))], type)

    def vectors(self, type: Type, depth: int, first: Kind | None = None) -> list[Node]:
        """Two operands, of which one may be single where the other is a list."""
        axes = self.draw(st.permutations((type.axis, self.pick((None, type.axis)))))
        kinds = (first or type.kind, type.kind)
        return [self.grow(type.with_(kind=kind, axis=axis), depth) for kind, axis in zip(kinds, axes, strict=True)]

    def uniform(self, type: Type, depth: int) -> Node:
        """Draws; bounds may have fewer dimensions. The attribute tells one occurrence from the next."""
        self.serial += 1
        fewer = [type.with_(kind=kind, axis=axis) for kind, axis in _fewer(type)]
        bounds = [self.grow(self.pick(fewer), depth) for _ in range(2)]
        return self.node("uniform", bounds, type, attr=self.serial)

    def reduced(self, type: Type, depth: int) -> Node:
        """Over the members of a list."""
        op = self.pick(("sum", "mean", "list_max", "list_min", "list_norm"))
        return self.node(op, [self.grow(type.with_(axis=self.pick((JOINTS, FEET))), depth)], type)

    def picked(self, type: Type, depth: int) -> Node:
        """Members of another list."""
        assert type.axis is not None
        source = self.pick((JOINTS, FEET))
        positions = [self.pick(range(len(source))) for _ in range(len(type.axis))]
        return self.node("pick", [self.grow(type.with_(axis=source), depth)], type, attr=tuple(positions))


def _fewer(type: Type) -> list[tuple[Kind, Axis | None]]:
    """Kinds and axes that combine with the type and give it."""
    scalar = Kind.BOOL if type.is_bool else Kind.FLOAT
    pairs = {(type.kind, type.axis), (scalar, None)}
    if type.axis is not None:
        pairs |= {(type.kind, None), (scalar, type.axis)}
    return sorted(pairs, key=str)


def fixed(node: Node) -> bool:
    """Whether the node is made of constants and tunables only."""
    if node.op in ("read", "prev", "uniform", "state", "old"):
        return False
    return all(fixed(arg) for arg in node.args)


@dataclass(frozen=True)
class Program:
    """Roots of a graph and values for its leaves."""

    roots: tuple[Node, ...]
    inputs: Inputs
    num_envs: int

    def __repr__(self) -> str:
        return f"Program({', '.join(map(source, self.roots))}, num_envs={self.num_envs})"


def source(node: Node) -> str:
    """A node as nested calls, for the reports of failing tests."""
    if node.op == "read":
        assert node.read is not None
        return f"{node.read.quantity}{list(node.type.shape)}"
    words = [*map(source, node.args), *([repr(node.attr)] if node.attr is not None else [])]
    return f"{node.op}({', '.join(words)})"


def values_for(roots: tuple[Node, ...], tunables: dict, num_envs: int, seed: int) -> Inputs:
    """Normal numbers, fair conditions and evenly spread rotations for every read and prev under the roots."""
    rng = np.random.default_rng(seed)
    reads: dict[Read, Array] = {}
    previous: dict[int, Array] = {}
    states: dict[Any, Array] = {}
    old: dict[Any, Array] = {}
    seen: set[int] = set()
    stack = list(roots)
    while stack:
        node = stack.pop()
        if node.id in seen:
            continue
        seen.add(node.id)
        stack.extend(node.args)
        if node.op == "read" and node.read not in reads:
            assert node.read is not None
            reads[node.read] = _random(node.type, num_envs, rng)
        elif node.op == "prev":
            previous[node.args[0].id] = _random(node.type, num_envs, rng)
        elif node.op in ("state", "old"):
            (states if node.op == "state" else old)[node.attr] = _random(node.type, num_envs, rng)
    return Inputs(reads, tunables, previous, rng, states, old, dt=0.02)


def _random(type: Type, num_envs: int, rng: np.random.Generator) -> Array:
    value = rng.normal(size=(num_envs, *type.shape))
    if type.is_bool:
        return value > 0
    return value / np.linalg.norm(value, axis=-1, keepdims=True) if type.kind is Kind.QUAT else value


TYPES = tuple(Type(kind, axis) for kind in Kind if kind is not Kind.TWIST for axis in NONE_OR_LIST)


@st.composite
def programs(draw: st.DrawFn, types: tuple[Type, ...] = TYPES, depth: int = 4, max_roots: int = 3) -> Program:
    """A few expressions of one graph, with values for their leaves."""
    builder = Builder(draw)
    count = draw(st.integers(1, max_roots))
    roots = tuple(builder.grow(draw(st.sampled_from(types)), draw(st.integers(1, depth))) for _ in range(count))
    num_envs = draw(st.sampled_from((1, 3, 7)))
    return Program(roots, values_for(roots, builder.tunables, num_envs, draw(st.integers(0, 2**32 - 1))), num_envs)
