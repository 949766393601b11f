"""The emitted torch code computes what the reference evaluator says, for random graphs over every operator."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from ir.strategies import FEET, JOINTS, LARGE_INPUTS, Program, programs, values_for

from emit.torch_run import run, with_torch_draws, write
from stripe_dsl.emit.torch.operators import EMITTERS
from stripe_dsl.ir.graph import Graph, Node, Read
from stripe_dsl.ir.ops import OPS
from stripe_dsl.ir.reference import Array, Inputs, evaluate, evaluate_node
from stripe_dsl.ir.schedule import schedule
from stripe_dsl.ir.types import BOOL, FLOAT, Kind, Type

NOISE = 1e-6
VEC2, VEC3, QUAT = Type(Kind.VEC2), Type(Kind.VEC3), Type(Kind.QUAT)
LIST, FLAGS = FLOAT.with_(axis=JOINTS), BOOL.with_(axis=JOINTS)
VECTORS_2, VECTORS, ROTATIONS = (each.with_(axis=JOINTS) for each in (VEC2, VEC3, QUAT))


def test_every_operator_has_a_writer() -> None:
    assert set(EMITTERS) == set(OPS)


# ---- values -----------------------------------------------------------------------------------------------------


def noisy(program: Program, inputs: Inputs, seed: int) -> tuple[list[Array], Array]:
    """Values of the roots when every operator errs a little, and the largest and smallest magnitude on the way (N,)."""
    rng = np.random.default_rng(seed)
    values: dict[int, Array] = {}
    extremes = np.ones((2, program.num_envs))
    for node in schedule(program.roots):
        args = [] if node.op == "prev" else [values[arg.id] for arg in node.args]
        value = evaluate_node(node, args, inputs, program.num_envs)
        if not node.type.is_bool:
            magnitudes = np.abs(value).reshape(program.num_envs, -1)
            extremes[0] = np.maximum(extremes[0], np.max(magnitudes, axis=1))
            extremes[1] = np.minimum(extremes[1], np.min(magnitudes, axis=1, where=magnitudes > 0, initial=1))
            if node.op not in ("const", "uniform"):
                value = value * (1 + NOISE * rng.uniform(-1, 1, value.shape))
        values[node.id] = value
    return [values[root.id] for root in program.roots], extremes


def compare(program: Program, dtype: torch.dtype) -> int:
    """Check the emitted code against the reference; the number of elements that were let off.

    Where a value jumps (a comparison of equal numbers, the edge of ``wrap``) or amplifies errors without bound, two
    correct programs may differ. An element that differs is let off only where the reference itself differs as much when
    every operator errs a little, or where a number on the way is undefined or leaves the range of single precision.
    """
    got = run(program, dtype)
    before = torch.get_default_dtype()
    torch.set_default_dtype(dtype)
    try:
        want = evaluate(program.roots, with_torch_draws(program.inputs), program.num_envs)
        absolute = 1e-5 if dtype is torch.float32 else 1e-10
        wrong = [differs(*pair, absolute) for pair in zip(got, want, strict=True)]
        if not any(bad.any() for bad in wrong):
            return 0
        trials = [noisy(program, with_torch_draws(program.inputs), seed) for seed in range(8)]
    finally:
        torch.set_default_dtype(before)
    largest, smallest = np.stack([extremes for _, extremes in trials], axis=1)
    limit = 1e12 if dtype is torch.float32 else 1e100
    wild = ~np.all((largest < limit) & (smallest > 1 / limit), axis=0)  # also where the largest is nan
    # float32 rounds by a 17th of the noise, float64 by a billionth.
    share = 4.0 if dtype is torch.float32 else 1e-4
    for index, (bad, result, value) in enumerate(zip(wrong, got, want, strict=True)):
        others = np.stack([values[index] for values, _ in trials])
        if value.dtype == np.bool_:
            excused = np.any(others != value, axis=0)
        else:
            with np.errstate(all="ignore"):
                spread = np.max(np.abs(others - value), axis=0)
                within = np.abs(result - value) <= share * spread
                excused = within | ~(spread < 1e-3 * (1 + np.abs(value)))
        unexcused = bad & ~excused & ~wild.reshape(-1, *[1] * (bad.ndim - 1))
        assert not unexcused.any(), f"{write(program)}\nroot {index}\nwant {value[unexcused]}\ngot {result[unexcused]}"
    return sum(int(bad.sum()) for bad in wrong)


def differs(result: Array, value: Array, absolute: float) -> Array:
    """Elements that are not equal up to rounding; nan equals nan."""
    assert result.shape == value.shape
    if value.dtype == np.bool_:
        return result != value
    with np.errstate(all="ignore"):
        near = np.abs(result - value) <= absolute * (1 + np.abs(value))
    return ~(near | (result == value) | (np.isnan(result) & np.isnan(value)))


TUNED = settings(max_examples=200, deadline=None, suppress_health_check=LARGE_INPUTS)


@TUNED
@given(programs(depth=5))
def test_random_graphs_in_double_precision(program: Program) -> None:
    compare(program, torch.float64)


@TUNED
@given(programs(depth=4))
def test_random_graphs_in_single_precision(program: Program) -> None:
    compare(program, torch.float32)


def check(*roots: Node) -> str:
    """Compare a graph in double precision; its source."""
    program = Program(roots, values_for(roots, {}, 50, 1), 50)
    assert compare(program, torch.float64) == 0
    return write(program)


def read(graph: Graph, name: str, type: Type) -> Node:
    names = type.axis.names if type.axis is not None else ()
    return graph.add("read", type=type, read=Read("robot", f"{type.kind.name.lower()}.{name}", names))


def test_the_square_of_the_norm_of_a_list_of_vectors_sums_over_the_list() -> None:
    graph = Graph()
    lengths = graph.add("list_norm", [read(graph, "a", VECTORS)], type=VEC3)
    square = graph.add("pow", [lengths, graph.add("const", type=FLOAT, attr=2.0)], type=VEC3)
    assert "norm" not in check(square)


def test_the_yaw_of_some_members_of_a_list_of_rotations() -> None:
    """Isaac Lab's ``yaw_quat`` views its argument, which a slice does not allow."""
    graph = Graph()
    feet = QUAT.with_(axis=FEET)
    some = graph.add("pick", [read(graph, "a", ROTATIONS)], type=feet, attr=(1, 2))
    check(graph.add("yaw_only", [some], type=feet))


def test_a_remainder_of_a_negative_number_keeps_its_sign() -> None:
    graph = Graph()
    a, b = (read(graph, name, FLOAT) for name in "ab")
    rest = graph.add("mod", [graph.add("neg", [a], type=FLOAT), b], type=FLOAT)
    for op in ("add", "sub"):  # one at a time, so that the remainder stands within the sum
        assert "%" in check(graph.add(op, [b, rest], type=FLOAT)).splitlines()[-1]


def test_conditions_that_are_compared_do_not_chain() -> None:
    graph = Graph()
    a, b, c = (read(graph, name, FLOAT) for name in "abc")
    sides = [graph.add("lt", [a, b], type=BOOL), graph.add("lt", [b, c], type=BOOL)]
    check(*(graph.add(op, sides, type=BOOL) for op in ("eq", "ne")))
    once = graph.add("eq", [graph.add("lt", [a, c], type=BOOL), read(graph, "a", BOOL)], type=BOOL)
    assert "(joint_pos[:, 0] < joint_pos[:, 2]) == " in check(once)


# ---- each operator ----------------------------------------------------------------------------------------------

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
    "dot": [((VEC3, VEC3), FLOAT, None), ((VECTORS, VEC3), LIST, None), ((VECTORS_2, VECTORS_2), LIST, None)],
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
    "uniform": [((FLOAT, FLOAT), each, None) for each in (FLOAT, LIST, VEC2, VECTORS)]
    + [((LIST, FLOAT), LIST, None), ((VEC3, VEC3), VECTORS, None), ((FLOAT, LIST), VECTORS, None)],
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
    "read": [((), each, None) for each in (FLOAT, BOOL, LIST, FLAGS, VEC2, VEC3, VECTORS, QUAT, ROTATIONS)],
}


def test_every_operator_has_cases() -> None:
    assert set(CASES) == set(OPS)


def operand_kinds(op: str, type: Type) -> tuple[str, ...]:
    """From where an operand of the type may come."""
    if op == "prev":
        return ("read",)
    if type.kind is Kind.QUAT:
        return ("read", "const")
    return ("read", "const") if type.is_bool else ("read", "const", "tunable")


def constant_of(op: str, type: Type, rng: np.random.Generator) -> object:
    """A random attribute for a constant of the type, in the domain of the operator."""
    if type.is_bool:
        value = rng.random(type.shape) > 0.5
    elif op in POSITIVE_BELOW_ONE:
        value = rng.uniform(0.05, 0.95, type.shape)
    else:
        value = rng.uniform(0.3, 3.0, type.shape) * rng.choice((-1.0, 1.0), type.shape)
    if type.kind is Kind.QUAT:
        value = value / np.linalg.norm(value, axis=-1, keepdims=True)
    return _tuples(value.tolist())


def _tuples(value: object) -> object:
    return tuple(map(_tuples, value)) if isinstance(value, list) else value


def variants(op: str, case: Case, rng: np.random.Generator) -> list[Program]:
    """The case with every combination of read, constant and tunable operands."""
    types, result, attr = case
    combinations: list[tuple[str, ...]] = [()]
    for type in types:
        combinations = [(*chosen, kind) for chosen in combinations for kind in operand_kinds(op, type)]
    programs_ = []
    for kinds in combinations:
        graph, tunables = Graph(), {"a.number": 0.7, "a.pair": (0.1, 0.9), "a.list": (1.0, 2.0, 3.0)}
        args = []
        for position, (kind, type) in enumerate(zip(kinds, types, strict=True)):
            if kind == "read":
                names = type.axis.names if type.axis is not None else ()
                quantity = f"{type.kind.name.lower()}.{'abc'[position]}"
                args.append(graph.add("read", type=type, read=Read("robot", quantity, names)))
            elif kind == "const":
                args.append(graph.add("const", type=type, attr=constant_of(op, type, rng)))  # type: ignore[arg-type]
            else:
                path = f"b.field_{position}"
                tunables[path] = constant_of(op, type, rng)  # type: ignore[assignment]
                args.append(graph.add("tunable", type=type, attr=path))
        read = Read("robot", f"{result.kind.name.lower()}.a", ("hip",)) if op == "read" else None
        root = graph.add(op, args, type=result, attr=attr, read=read)  # type: ignore[arg-type]
        inputs = values_for((root,), tunables, 50, int(rng.integers(2**32)))
        if op in POSITIVE_BELOW_ONE:
            reads = {key: rng.uniform(0.05, 0.95, value.shape) for key, value in inputs.reads.items()}
            inputs = Inputs(reads, tunables, inputs.previous, inputs.rng)
        programs_.append(Program((root,), inputs, 50))
    return programs_


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64], ids=["single", "double"])
@pytest.mark.parametrize("op", OPS)
def test_operator(op: str, dtype: torch.dtype) -> None:
    rng = np.random.default_rng(sum(map(ord, op)))
    total = excused = 0
    for case in CASES[op]:
        for program in variants(op, case, rng):
            total += program.num_envs * int(np.prod(program.roots[0].type.shape))
            excused += compare(program, dtype)
    # A few random numbers fall next to a jump or a pole.
    assert excused <= 0.01 * total
