"""Graphs at the edges of what operators are defined for, compared in every element."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence

import numpy as np
from ir.strategies import FEET, JOINTS, Program

from stripe_dsl.ir.graph import Graph, Node, Read
from stripe_dsl.ir.reference import Array, Inputs
from stripe_dsl.ir.types import BOOL, FLOAT, Axis, Kind, Type

VEC2, VEC3, QUAT = Type(Kind.VEC2), Type(Kind.VEC3), Type(Kind.QUAT)
LONG = Axis("joint", "robot", tuple(f"joint_{number}" for number in range(20)))
"""More members than Warp unrolls by itself."""

nan, inf, pi = np.nan, np.inf, np.pi


class Sheet:
    """A graph with short ways to write into it, and the values that it reads."""

    def __init__(self) -> None:
        self.graph = Graph()
        self.reads: dict[Read, Array] = {}
        self.tunables: dict[str, float | tuple[float, ...]] = {}

    def read(self, values: object, type: Type = FLOAT) -> Node:
        """Something read, with a value for each environment."""
        array = np.asarray(values, dtype=np.bool_ if type.is_bool else np.float64)
        names = type.axis.names if type.axis is not None else ()
        read = Read("robot", f"{type.kind.name.lower()}.{len(self.reads)}", names)
        self.reads[read] = array
        return self.graph.add("read", type=type, read=read)

    def random(self, type: Type, num_envs: int = 5) -> Node:
        """Something read, with normal numbers or fair conditions."""
        values = np.random.default_rng(len(self.reads)).normal(size=(num_envs, *type.shape))
        return self.read(values > 0 if type.is_bool else values, type)

    def const(self, value: object, type: Type = FLOAT) -> Node:
        return self.graph.add("const", type=type, attr=value)  # type: ignore[arg-type]

    def field(self, value: float | tuple, type: Type = FLOAT) -> Node:
        path = f"group.field_{len(self.tunables)}"
        self.tunables[path] = value
        return self.graph.add("tunable", type=type, attr=path)

    def __call__(self, op: str, *args: Node, type: Type = FLOAT, attr: object = None) -> Node:
        return self.graph.add(op, args, type=type, attr=attr)  # type: ignore[arg-type]

    def program(self, roots: Sequence[Node]) -> Program:
        num_envs = {len(value) for value in self.reads.values()} or {2}
        (size,) = num_envs
        return Program(tuple(roots), Inputs(self.reads, self.tunables), size)


type Edge = Callable[[Sheet], Iterator[Node]]
EDGES: dict[str, Edge] = {}


def edge(build: Edge) -> Edge:
    """Notes a graph that the tests below compare in every element, with nothing let off."""
    EDGES[build.__name__] = build
    return build


@edge
def functions_of_one_number(s: Sheet) -> Iterator[Node]:
    x = s.read((-2.5, -2.0, -1.0, -0.5, -0.0, 0.0, 0.5, 1.0, 1.0000002, 2.0, 2.5, inf, -inf, nan))
    for op in ("sign", "floor", "ceil", "abs", "sqrt", "asin", "acos", "atan", "tanh", "exp", "log", "neg"):
        yield s(op, x)
    for exponent in (2.0, 0.5, 3.0, -1.0, 1.5, 1.0, 0.0):
        yield s("pow", s("clip", x, s.const(-10.0), s.const(10.0)), s.const(exponent))


@edge
def functions_of_two_numbers(s: Sheet) -> Iterator[Node]:
    values = np.array((-7.0, -3.0, -1e-3, 0.0, 1e-3, 3.0, 7.0, inf, nan))
    a, b = (s.read(each.ravel()) for each in np.meshgrid(values, values))
    for op in ("mod", "min", "max", "atan2", "add", "mul", "div"):
        yield s(op, a, b)
    for op in ("lt", "le", "gt", "ge", "eq", "ne"):
        yield s(op, a, b, type=BOOL)


@edge
def bounds_that_cross_or_are_nan(s: Sheet) -> Iterator[Node]:
    values = np.array((-2.0, -1.0, 0.0, 1.0, 2.0, inf, nan))
    x, low, high = (s.read(each.ravel()) for each in np.meshgrid(values, values, values))
    yield s("clip", x, low, high)
    yield s("clip", x, s.const(1.0), s.const(-1.0))
    yield s("clip", x, s.field(-1.0), s.field(1.0))


@edge
def directions_of_short_vectors(s: Sheet) -> Iterator[Node]:
    for type in (VEC2, VEC3):
        vectors = np.zeros((5, type.components))
        vectors[1, 0], vectors[2, -1], vectors[3, 1], vectors[4, 0] = 1e-12, -1e-10, 1e-3, nan
        yield s("unit", s.read(vectors, type), type=type)


@edge
def numbers_beside_vectors(s: Sheet) -> Iterator[Node]:
    number, vector = s.random(FLOAT), s.random(VEC3)
    members, vectors = s.random(FLOAT.with_(axis=JOINTS)), s.random(VEC3.with_(axis=JOINTS))
    for op in ("min", "max", "add", "sub", "mul", "div"):
        for a, b in ((number, vector), (vector, number), (s.const(0.5), vector), (vector, vector)):
            yield s(op, a, b, type=VEC3)
        for a, b in ((members, vectors), (vectors, members), (vector, members), (number, vectors), (vectors, vector)):
            yield s(op, a, b, type=VEC3.with_(axis=JOINTS))
    yield s("clip", vectors, s.const(-0.5), vector, type=VEC3.with_(axis=JOINTS))
    yield s("where", s("gt", members, number, type=BOOL.with_(axis=JOINTS)), vectors, s.const((0.0,) * 3, VEC3),
            type=VEC3.with_(axis=JOINTS))  # fmt: skip
    yield s("where", s.random(BOOL), vector, s.const(0.0), type=VEC3)


@edge
def the_smallest_of_what_holds(s: Sheet) -> Iterator[Node]:
    """``min(x where c)`` is lowered to this: where nothing holds there is infinity, inside."""
    flags, numbers = BOOL.with_(axis=JOINTS), FLOAT.with_(axis=JOINTS)
    condition = s.read(((True, False, True), (False, False, False), (True, True, True)), flags)
    value = s.read(((3.0, -1.0, 2.0), (3.0, -1.0, 2.0), (3.0, -1.0, nan)), numbers)
    found = s("any", condition, type=BOOL)
    for op, far in (("list_min", inf), ("list_max", -inf)):
        best = s(op, s("where", condition, value, s.const(far), type=numbers))
        yield best
        yield s("where", found, best, s.const(0.0))
    yield s("mul", s.const(nan), s("count", condition))
    yield s("list_max", s.const((inf, -inf, nan), numbers))


@edge
def picked_members(s: Sheet) -> Iterator[Node]:
    numbers, two = FLOAT.with_(axis=JOINTS), FLOAT.with_(axis=FEET)
    members = s("sin", s.random(numbers), type=numbers)
    vectors = s("neg", s.random(VEC3.with_(axis=JOINTS)), type=VEC3.with_(axis=JOINTS))
    for places in ((0, 1), (1, 2), (2, 0), (1, 1)):
        yield s("pick", members, type=two, attr=places)
        yield s("pick", vectors, type=VEC3.with_(axis=FEET), attr=places)
        yield s("pick", s.const((1.0, 2.0, 3.0), numbers), type=two, attr=places)
        yield s("pick", s.field((1.0, 2.0, 3.0), numbers), type=two, attr=places)
    once = s("pick", members, type=numbers, attr=(2, 0, 1))
    yield s("sub", once, members, type=numbers)
    yield s("pick", s("mul", once, once, type=numbers), type=two, attr=(1, 2))
    again = s("pick", s("pick", members, type=two, attr=(1, 2)), type=numbers, attr=(0, 1, 0))
    yield s("sum", s("mul", again, once, type=numbers))
    yield s("list_max", s("pick", s("stack", *map(s.const, (3.0, 1.0, 2.0)), type=numbers), type=two, attr=(1, 2)))


@edge
def lists_written_out(s: Sheet) -> Iterator[Node]:
    numbers = FLOAT.with_(axis=JOINTS)
    a, b = s.random(FLOAT), s.random(FLOAT)
    written = s("stack", a, s("add", a, b), s.const(2.0), type=numbers)
    yield written
    yield s("sum", s("mul", written, written, type=numbers))
    yield s("list_min", s("stack", b, s("list_max", written), a, type=numbers))
    yield s("vec", written, a, s.const(0.5), type=VEC3.with_(axis=JOINTS))


@edge
def constant_lists(s: Sheet) -> Iterator[Node]:
    for type, value in (
        (FLOAT, (1.0, -2.0, 1e-6)),
        (FLOAT, 2.0),
        (FLOAT, (inf, 0.0, -inf)),
        (VEC2, ((inf, 1.0), (nan, 0.0), (1.0, -inf))),
        (BOOL, (True, False, True)),
        (BOOL, (True, True, True)),
        (VEC2, ((1.0, 2.0), (3.0, 4.0), (5.0, -6.0))),
        (VEC3, ((1.0, 2.0, 3.0),) * 3),
        (VEC3, ((1.0, 2.0, 3.0), (4.0, 5.0, 6.0), (-7.0, 8.0, 9.0))),
        (VEC3, (1.0, 2.0, 3.0)),
        (QUAT, ((0.0, 0.0, 0.0, 1.0), (1.0, 0.0, 0.0, 0.0), (0.0, 0.6, 0.8, 0.0))),
    ):
        yield s.const(value, type.with_(axis=JOINTS))
    turns = s.const(((0.0, 0.0, 0.0, 1.0), (1.0, 0.0, 0.0, 0.0), (0.0, 0.6, 0.8, 0.0)), QUAT.with_(axis=JOINTS))
    yield s("rotate", turns, s.random(VEC3), type=VEC3.with_(axis=JOINTS))
    for value, type in ((True, BOOL), ((1.0, 2.0), VEC2), (0.5, VEC3), ((0.0, 0.0, 0.0, 1.0), QUAT)):
        yield s.const(value, type)


@edge
def reductions_inside_lists(s: Sheet) -> Iterator[Node]:
    numbers, two = FLOAT.with_(axis=JOINTS), FLOAT.with_(axis=FEET)
    members, others = s.random(numbers), s.random(two)
    centred = s("sub", members, s("mean", members), type=numbers)
    yield centred
    yield s("list_norm", centred)
    yield s("div", s("sub", members, s("list_min", members), type=numbers), s("list_max", centred), type=numbers)
    yield s("sum", s("mul", others, s("mean", s("abs", centred, type=numbers)), type=two))
    shifted = s("add", others, s("list_norm", centred), type=two)
    yield s("mean", s("sub", members, s("sum", shifted), type=numbers))
    yield s("pow", s("list_norm", centred), s.const(2.0))
    flags = s("gt", members, s("mean", others), type=BOOL.with_(axis=JOINTS))
    yield s("and", s("any", flags, type=BOOL), s("not", s("all", flags, type=BOOL), type=BOOL), type=BOOL)


@edge
def vectors_over_sets(s: Sheet) -> Iterator[Node]:
    for kind in (VEC2, VEC3):
        vectors = s.random(kind.with_(axis=JOINTS))
        for op in ("sum", "mean", "list_max", "list_min", "list_norm"):
            yield s(op, vectors, type=kind)
        centred = s("sub", vectors, s("mean", vectors, type=kind), type=kind.with_(axis=JOINTS))
        yield s("sum", s("norm", centred, type=FLOAT.with_(axis=JOINTS)))
        yield s("pow", s("list_norm", centred, type=kind), s.const(2.0), type=kind)
        yield s("sum", s("unit", centred, type=kind.with_(axis=JOINTS)), type=kind)


@edge
def long_sets(s: Sheet) -> Iterator[Node]:
    numbers, flags, vectors = (type.with_(axis=LONG) for type in (FLOAT, BOOL, VEC3))
    members, positions, conditions = s.random(numbers), s.random(vectors), s.random(flags)
    values = tuple(float(number) for number in range(20))
    waves = s("sin", s("mul", members, s.const(values, numbers), type=numbers), type=numbers)
    yield waves
    for op in ("sum", "mean", "list_max", "list_min", "list_norm"):
        yield s(op, waves)
        yield s(op, positions, type=VEC3)
    for op in ("any", "all"):
        yield s(op, conditions, type=BOOL)
    yield s("count", s("and", conditions, s("gt", waves, s("mean", waves), type=flags), type=flags))
    yield s("sum", s("where", conditions, positions, s("mean", positions, type=VEC3), type=vectors), type=VEC3)
    yield s("pick", waves, type=FLOAT.with_(axis=JOINTS), attr=(19, 0, 7))
    yield s("pick", waves, type=numbers, attr=tuple(reversed(range(20))))
    yield s("sum", s("pick", s.random(FLOAT.with_(axis=JOINTS)), type=numbers, attr=(0, 1, 2, 1) * 5))
    yield s("stack", *(s.random(FLOAT) for _ in range(20)), type=numbers)
    yield s("unit", positions, type=vectors)


@edge
def conditions_as_numbers_and_back(s: Sheet) -> Iterator[Node]:
    a, b = s.random(BOOL), s.random(BOOL)
    flags = s.random(BOOL.with_(axis=JOINTS))
    for op in ("eq", "ne", "and", "or"):
        yield s(op, a, b, type=BOOL)
        yield s(op, flags, a, type=BOOL.with_(axis=JOINTS))
        yield s(op, s("not", a, type=BOOL), s.const(True, BOOL), type=BOOL)
    yield s("float", s("or", s("and", a, b, type=BOOL), s("not", b, type=BOOL), type=BOOL))
    yield s("where", a, b, s.const(False, BOOL), type=BOOL)
    yield s("add", s("float", s.const(True, BOOL)), s("float", a))


@edge
def one_name_for_numbers_and_vectors(s: Sheet) -> Iterator[Node]:
    """Loops take the same name for values of several types, and a variable outside would like it too."""
    for type in (FLOAT, VEC2, VEC3, FLOAT):
        turned = s("neg", s.random(type.with_(axis=JOINTS)), type=type.with_(axis=JOINTS))
        yield s("mul", turned, turned, type=type.with_(axis=JOINTS))
        alone = s("neg", s.random(type), type=type)
        yield s("mul", alone, alone, type=type)
