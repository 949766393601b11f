"""Every operator with operands of every shape, from every source."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from itertools import product

import numpy as np
from ir.strategies import FEET, JOINTS, Program, values_for

from emit.rasters import FIELDS
from stripe_dsl.ir.graph import Graph, Read
from stripe_dsl.ir.rasters import KINDS
from stripe_dsl.ir.types import BOOL, FLOAT, Kind, Type

VEC2, VEC3, QUAT = Type(Kind.VEC2), Type(Kind.VEC3), Type(Kind.QUAT)
TWIST = Type(Kind.TWIST)
LIST, FLAGS = FLOAT.with_(axis=JOINTS), BOOL.with_(axis=JOINTS)
TWISTS = TWIST.with_(axis=JOINTS)
VECTORS_2, VECTORS, ROTATIONS = (each.with_(axis=JOINTS) for each in (VEC2, VEC3, QUAT))

POSITIVE_BELOW_ONE = ("log", "sqrt", "asin", "acos", "pow")

# Types of the operands, type of the result, attribute.
type Case = tuple[tuple[Type, ...], Type, object]

ONE_NUMBER: list[Case] = [((FLOAT,), FLOAT, None), ((LIST,), LIST, None)]
TWO_NUMBERS: list[Case] = [
    ((FLOAT, FLOAT), FLOAT, None),
    ((LIST, LIST), LIST, None),
    ((FLOAT, LIST), LIST, None),
    ((LIST, FLOAT), LIST, None),
]
WITH_VECTORS: list[Case] = [
    *TWO_NUMBERS,
    ((VEC3, VEC3), VEC3, None),
    ((FLOAT, VEC3), VEC3, None),
    ((VEC2, FLOAT), VEC2, None),
    ((VEC3, VECTORS), VECTORS, None),
    ((VECTORS, FLOAT), VECTORS, None),
    ((LIST, VECTORS), VECTORS, None),
    ((VECTORS, VECTORS), VECTORS, None),
]
COMPARED: list[Case] = [(args, result.with_(kind=Kind.BOOL), None) for args, result, _ in TWO_NUMBERS]
OVER_LIST: list[Case] = [((LIST,), FLOAT, None), ((VECTORS,), VEC3, None), ((VECTORS_2,), VEC2, None)]
TWO_VECTORS: list[Case] = [
    ((VEC3, VEC3), VEC3, None),
    ((VECTORS, VECTORS), VECTORS, None),
    ((VEC3, VECTORS), VECTORS, None),
]
ROTATED: list[Case] = [
    ((QUAT, VEC3), VEC3, None),
    ((QUAT, VECTORS), VECTORS, None),
    ((ROTATIONS, VEC3), VECTORS, None),
    ((ROTATIONS, VECTORS), VECTORS, None),
]

CASES: dict[str, Sequence[Case]] = {
    **dict.fromkeys(("abs", "sign", "exp", "log", "sqrt", "sin", "cos", "tan", "asin", "acos"), ONE_NUMBER),
    **dict.fromkeys(("atan", "tanh", "floor", "ceil", "wrap"), ONE_NUMBER),
    "neg": [*ONE_NUMBER, ((VEC3,), VEC3, None), ((VECTORS,), VECTORS, None)],
    "not": [((BOOL,), BOOL, None), ((FLAGS,), FLAGS, None)],
    "float": [((BOOL,), FLOAT, None), ((FLAGS,), LIST, None)],
    **dict.fromkeys(("add", "sub", "mul", "div", "min", "max"), WITH_VECTORS),
    **dict.fromkeys(("pow", "atan2", "mod"), TWO_NUMBERS),
    **dict.fromkeys(("lt", "le", "gt", "ge", "eq", "ne"), COMPARED),
    **{
        op: [((BOOL, BOOL), BOOL, None), ((FLAGS, BOOL), FLAGS, None), ((BOOL, FLAGS), FLAGS, None)]
        for op in ("and", "or")
    },
    "where": [
        ((BOOL, FLOAT, FLOAT), FLOAT, None),
        ((BOOL, LIST, FLOAT), LIST, None),
        ((FLAGS, FLOAT, FLOAT), LIST, None),
        ((FLAGS, VECTORS, VEC3), VECTORS, None),
        ((BOOL, VEC3, VEC3), VEC3, None),
        ((BOOL, QUAT, QUAT), QUAT, None),
        ((BOOL, BOOL, BOOL), BOOL, None),
    ],
    "clip": [
        ((FLOAT, FLOAT, FLOAT), FLOAT, None),
        ((LIST, FLOAT, FLOAT), LIST, None),
        ((FLOAT, LIST, FLOAT), LIST, None),
    ],
    **dict.fromkeys(("sum", "mean", "list_max", "list_min", "list_norm"), OVER_LIST),
    "any": [((FLAGS,), BOOL, None)],
    "all": [((FLAGS,), BOOL, None)],
    "count": [((FLAGS,), FLOAT, None)],
    "norm": [((VEC3,), FLOAT, None), ((VEC2,), FLOAT, None), ((VECTORS,), LIST, None)],
    "dot": [
        ((VEC3, VEC3), FLOAT, None),
        ((TWISTS, TWIST), LIST, None),
        ((VECTORS, VEC3), LIST, None),
        ((VECTORS_2, VECTORS_2), LIST, None),
    ],
    "cross": TWO_VECTORS,
    "unit": [((VEC3,), VEC3, None), ((VECTORS,), VECTORS, None), ((VEC2,), VEC2, None)],
    "part": [
        *[((VEC3,), FLOAT, letter) for letter in "xyz"],
        *[((VEC3,), VEC2, letters) for letters in ("xy", "yz", "xz", "zx", "yx", "xx")],
        *[((VEC3,), VEC3, letters) for letters in ("xyz", "zyx", "yzx")],
        ((VECTORS,), LIST, "z"),
        ((VECTORS,), VECTORS_2, "xz"),
        ((VECTORS,), VECTORS_2, "zy"),
    ],
    "vec": [
        ((FLOAT, FLOAT), VEC2, None),
        ((FLOAT, FLOAT, FLOAT), VEC3, None),
        ((LIST, FLOAT, FLOAT), VECTORS, None),
        ((LIST, LIST), VECTORS_2, None),
    ],
    "rotate": ROTATED,
    "rotate_inverse": ROTATED,
    "compose": [((QUAT, QUAT), QUAT, None), ((ROTATIONS, ROTATIONS), ROTATIONS, None)],
    "angle_between": [((QUAT, QUAT), FLOAT, None), ((ROTATIONS, ROTATIONS), LIST, None)],
    "rotation_vector": [((QUAT,), VEC3, None), ((ROTATIONS,), VECTORS, None)],
    "turn": [((VEC3,), QUAT, None), ((VECTORS,), ROTATIONS, None)],
    "twist": [((VEC3, VEC3), TWIST, None), ((VECTORS, VECTORS), TWISTS, None)],
    "damped": [((VECTORS, VEC3, FLOAT), VEC3, None), ((TWISTS, TWIST, FLOAT), TWIST, None)],
    "quat_conj": [((QUAT,), QUAT, None), ((ROTATIONS,), ROTATIONS, None)],
    "quat_unique": [((QUAT,), QUAT, None), ((ROTATIONS,), ROTATIONS, None)],
    "yaw_only": [((QUAT,), QUAT, None), ((ROTATIONS,), ROTATIONS, None)],
    "euler": [
        *[((QUAT,), FLOAT, angle) for angle in ("roll", "pitch", "yaw")],
        *[((ROTATIONS,), LIST, angle) for angle in ("roll", "pitch", "yaw")],
    ],
    "quat": [((FLOAT, FLOAT, FLOAT), QUAT, "rpy"), ((LIST, FLOAT, FLOAT), ROTATIONS, "rpy")],
    "pick": [
        ((LIST,), FLOAT.with_(axis=FEET), (0, 2)),
        ((LIST,), FLOAT.with_(axis=FEET), (2, 1)),
        ((LIST,), LIST, (0, 1, 2)),
        ((FLAGS,), BOOL.with_(axis=FEET), (1, 2)),
        ((VECTORS,), VEC3.with_(axis=FEET), (1, 0)),
        ((ROTATIONS,), QUAT.with_(axis=FEET), (1, 2)),
    ],
    "stack": [((FLOAT, FLOAT, FLOAT), LIST, None)],
    "spot": [((FLOAT,), VEC2, "spots")],
    "sample": [
        case
        for kind in KINDS
        for case in (
            ((VEC2,), VEC3 if kind == "normal" else FLOAT, (kind, kind)),
            ((VECTORS_2,), VECTORS if kind == "normal" else LIST, (kind, kind)),
        )
    ],
    "uniform": [((FLOAT, FLOAT), each, None) for each in (FLOAT, LIST, VEC2, VECTORS)]
    + [((LIST, FLOAT), LIST, None), ((VEC3, VEC3), VECTORS, None), ((FLOAT, LIST), VECTORS, None)],
    "gaussian": [((FLOAT, FLOAT), each, None) for each in (FLOAT, LIST, VEC2, VECTORS)] + [((LIST, FLOAT), LIST, None)],
    "prev": [((each,), each, None) for each in (FLOAT, BOOL, LIST, VEC3, ROTATIONS)],
    "const": [
        ((), FLOAT, -2.5),
        ((), BOOL, True),
        ((), VEC3, (1.0, 2.0, 3.0)),
        ((), LIST, (1.0, -2.0, 0.1)),
        ((), LIST, 2.0),
    ]
    + [((), VECTORS, ((1.0, 2.0, 3.0),) * 3), ((), FLAGS, (True, False, True)), ((), QUAT, (0.0, 0.0, 0.0, 1.0))],
    "tunable": [((), FLOAT, "a.number"), ((), FLOAT, ("a.pair", 1)), ((), LIST, "a.list")],
    "dt": [((), FLOAT, None)],
    **{
        op: [((), each, f"{each.kind.name.lower()}_{len(each.shape)}") for each in (FLOAT, BOOL, LIST, VEC3, ROTATIONS)]
        for op in ("state", "old")
    },
    "read": [((), each, None) for each in (FLOAT, BOOL, LIST, FLAGS, VEC2, VEC3, VECTORS, QUAT, ROTATIONS)],
}


def operand_kinds(op: str, type: Type) -> tuple[str, ...]:
    """From where an operand of the type may come."""
    if op == "prev":
        return ("read",)
    if op in ("twist", "damped"):  # of commands alone: columns of Jacobians, and a setting
        return ("tunable",) if type == FLOAT else ("read",)
    if type.kind is Kind.QUAT:
        return ("read", "const")
    return ("read", "const") if type.is_bool else ("read", "const", "tunable")


def constant_of(op: str, type: Type, rng: np.random.Generator) -> object:
    """A random attribute for a constant of the type, in the domain of the operator."""
    if type.is_bool:
        value = rng.random(type.shape) > 0.5
    elif op in POSITIVE_BELOW_ONE:
        value = rng.uniform(0.05, 0.95, type.shape)
    elif op == "gaussian":
        value = rng.uniform(0.3, 3.0, type.shape)
    else:
        value = rng.uniform(0.3, 3.0, type.shape) * rng.choice((-1.0, 1.0), type.shape)
    if type.kind is Kind.QUAT:
        value = value / np.linalg.norm(value, axis=-1, keepdims=True)
    return _tuples(value.tolist())


def _tuples(value: object) -> object:
    return tuple(map(_tuples, value)) if isinstance(value, list) else value


def combinations(op: str, case: Case) -> list[tuple[str, ...]]:
    """Where the operands of a case may come from, all together."""
    return list(product(*(operand_kinds(op, type) for type in case[0])))


def variants(op: str, case: Case, rng: np.random.Generator) -> list[Program]:
    """The case with every combination of read, constant and tunable operands."""
    return [_program(op, [(case, kinds)], rng) for kinds in combinations(op, case)]


def together(op: str, rng: np.random.Generator) -> Program:
    """All cases of the operator as roots of one graph, with operands that are read, but for one, or are all alike."""
    chosen = [(case, kinds) for case in CASES[op] for kinds in combinations(op, case)]
    few = [(case, kinds) for case, kinds in chosen if kinds.count("read") >= len(kinds) - 1 or len(set(kinds)) == 1]
    return _program(op, few, rng)


def _program(op: str, chosen: Sequence[tuple[Case, tuple[str, ...]]], rng: np.random.Generator) -> Program:
    graph, tunables = Graph(), {"a.number": 0.7, "a.pair": (0.1, 0.9), "a.list": (1.0, 2.0, 3.0)}
    roots = []
    for (types, result, attr), kinds in chosen:
        args = []
        for position, (kind, type) in enumerate(zip(kinds, types, strict=True)):
            if kind == "read":
                names = type.axis.names if type.axis is not None else ()
                quantity = f"{type.kind.name.lower()}.{'abc'[position]}"
                args.append(graph.add("read", type=type, read=Read("robot", quantity, names)))
            elif kind == "const":
                args.append(graph.add("const", type=type, attr=constant_of(op, type, rng)))  # type: ignore[arg-type]
            else:
                path = f"b.field_{len(tunables)}"
                tunables[path] = constant_of(op, type, rng)  # type: ignore[assignment]
                args.append(graph.add("tunable", type=type, attr=path))
        members = result.axis.names if result.axis is not None else ("hip",)
        read = Read("robot", f"{result.kind.name.lower()}.a", members) if op == "read" else None
        roots.append(graph.add(op, args, type=result, attr=attr, read=read))  # type: ignore[arg-type]
    inputs = values_for(tuple(roots), tunables, 50, int(rng.integers(2**32)))
    if op in POSITIVE_BELOW_ONE:
        reads = {key: rng.uniform(0.05, 0.95, value.shape) for key, value in inputs.reads.items()}
        inputs = replace(inputs, reads=reads)
    if op in ("sample", "spot"):
        inputs = replace(inputs, fields=FIELDS)
    return Program(tuple(roots), inputs, 50)
