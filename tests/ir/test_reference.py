"""What operators mean: examples by hand, and Isaac Lab's functions where they have a counterpart."""

from __future__ import annotations

import math
from typing import Any

import isaaclab.utils.math as isaaclab
import numpy as np
import pytest
import torch
from hypothesis import given, settings
from numpy.testing import assert_allclose, assert_array_equal

from ir.strategies import FEET, JOINTS, LARGE_INPUTS, Program, programs
from stripe_dsl.ir.graph import Graph, Node, Read
from stripe_dsl.ir.ops import OPS
from stripe_dsl.ir.reference import FUNCTIONS, LEAVES, Array, Inputs, evaluate
from stripe_dsl.ir.schedule import schedule
from stripe_dsl.ir.types import BOOL, FLOAT, Kind, Type

VEC2, VEC3, QUAT = Type(Kind.VEC2), Type(Kind.VEC3), Type(Kind.QUAT)
LIST, FLAGS = FLOAT.with_(axis=JOINTS), BOOL.with_(axis=JOINTS)
VECTORS = VEC3.with_(axis=JOINTS)
PI, HALF = math.pi, math.sqrt(0.5)
QUARTER_ABOUT_Z = (0.0, 0.0, HALF, HALF)
SOLVED = (1.0, 0.0, -1.0)
ROWS = ((1.0, 2.0, 2.0), (0.0, 3.0, 4.0), (-1.0, 0.0, 0.0))


def constant(graph: Graph, value: object, type: Type) -> Node:
    return graph.add("const", type=type, attr=value)  # type: ignore[arg-type]


def apply(op: str, operands: list[tuple[object, Type]], type: Type, attr: object = None) -> Array:
    """The value of an operator on constants, in the first of two environments."""
    graph = Graph()
    args = [constant(graph, value, each) for value, each in operands]
    (value,) = evaluate([graph.add(op, args, type=type, attr=attr)], Inputs(), 2)  # type: ignore[arg-type]
    assert_array_equal(value[0], value[1])
    return value[0]


def numbers(*values: float) -> list[tuple[object, Type]]:
    return [(value, FLOAT) for value in values]


# operator, operands, type of the result, attribute, value
EXAMPLES: list[tuple[str, list[tuple[object, Type]], Type, object, object]] = [
    ("neg", numbers(2), FLOAT, None, -2),
    ("not", [((True, False, True), FLAGS)], FLAGS, None, (False, True, False)),
    ("abs", [((-1.0, 0.0, 2.0), LIST)], LIST, None, (1, 0, 2)),
    ("sign", [((-1.5, 0.0, 2.0), LIST)], LIST, None, (-1, 0, 1)),
    ("exp", numbers(1), FLOAT, None, math.e),
    ("log", numbers(math.e), FLOAT, None, 1),
    ("sqrt", numbers(9), FLOAT, None, 3),
    ("sin", numbers(PI / 6), FLOAT, None, 0.5),
    ("cos", numbers(PI / 3), FLOAT, None, 0.5),
    ("tan", numbers(PI / 4), FLOAT, None, 1),
    ("asin", numbers(0.5), FLOAT, None, PI / 6),
    ("acos", numbers(0.5), FLOAT, None, PI / 3),
    ("atan", numbers(1), FLOAT, None, PI / 4),
    ("tanh", numbers(math.log(2)), FLOAT, None, 0.6),
    ("floor", [((-1.5, 1.5, 2.0), LIST)], LIST, None, (-2, 1, 2)),
    ("ceil", [((-1.5, 1.5, 2.0), LIST)], LIST, None, (-1, 2, 2)),
    ("wrap", [((1.5 * PI, PI, -PI), LIST)], LIST, None, (-0.5 * PI, PI, -PI)),
    ("float", [((True, False, True), FLAGS)], LIST, None, (1, 0, 1)),
    ("add", [(1.0, FLOAT), ((1.0, 2.0, 3.0), LIST)], LIST, None, (2, 3, 4)),
    ("sub", numbers(1, 3), FLOAT, None, -2),
    ("mul", [((1.0, 2.0, 3.0), LIST), (ROWS, VECTORS)], VECTORS, None, ((1, 2, 2), (0, 6, 8), (-3, 0, 0))),
    ("div", numbers(1, 4), FLOAT, None, 0.25),
    ("pow", numbers(2, 3), FLOAT, None, 8),
    ("min", [((1.0, 2.0, 3.0), LIST), (2.0, FLOAT)], LIST, None, (1, 2, 2)),
    ("max", [((1.0, 2.0, 3.0), LIST), (2.0, FLOAT)], LIST, None, (2, 2, 3)),
    ("atan2", numbers(1, -1), FLOAT, None, 0.75 * PI),
    ("mod", [((-1.0, 7.0, 6.0), LIST), (3.0, FLOAT)], LIST, None, (2, 1, 0)),
    ("lt", [((1.0, 2.0, 3.0), LIST), (2.0, FLOAT)], FLAGS, None, (True, False, False)),
    ("le", [((1.0, 2.0, 3.0), LIST), (2.0, FLOAT)], FLAGS, None, (True, True, False)),
    ("gt", [((1.0, 2.0, 3.0), LIST), (2.0, FLOAT)], FLAGS, None, (False, False, True)),
    ("ge", [((1.0, 2.0, 3.0), LIST), (2.0, FLOAT)], FLAGS, None, (False, True, True)),
    ("eq", [((1.0, 2.0, 3.0), LIST), (2.0, FLOAT)], FLAGS, None, (False, True, False)),
    ("ne", [((1.0, 2.0, 3.0), LIST), (2.0, FLOAT)], FLAGS, None, (True, False, True)),
    ("and", [((True, False, True), FLAGS), ((True, True, False), FLAGS)], FLAGS, None, (True, False, False)),
    ("or", [((True, False, False), FLAGS), ((True, True, False), FLAGS)], FLAGS, None, (True, True, False)),
    ("where", [((True, False, True), FLAGS), (1.0, FLOAT), (2.0, FLOAT)], LIST, None, (1, 2, 1)),
    ("clip", [((-5.0, 0.5, 5.0), LIST), (-1.0, FLOAT), (1.0, FLOAT)], LIST, None, (-1, 0.5, 1)),
    ("sum", [(ROWS, VECTORS)], VEC3, None, (0, 5, 6)),
    ("mean", [((1.0, 2.0, 6.0), LIST)], FLOAT, None, 3),
    ("list_max", [(ROWS, VECTORS)], VEC3, None, (1, 3, 4)),
    ("list_min", [((1.0, -2.0, 6.0), LIST)], FLOAT, None, -2),
    ("any", [((False, False, True), FLAGS)], BOOL, None, True),
    ("all", [((True, False, True), FLAGS)], BOOL, None, False),
    ("count", [((True, False, True), FLAGS)], FLOAT, None, 2),
    ("list_norm", [((2.0, -3.0, 6.0), LIST)], FLOAT, None, 7),
    ("damped", [(ROWS, VECTORS), ((4.0, -14.0, -22.0), VEC3), (2.0, FLOAT)], VEC3, None, SOLVED),
    ("rotation_vector", [((0.0, 0.0, -0.6, -0.8), QUAT)], VEC3, None, (0, 0, 2 * math.asin(0.6))),
    ("turn", [((0.0, 0.0, PI / 2), VEC3)], QUAT, None, QUARTER_ABOUT_Z),
    ("twist", [((1.0, 2.0, 3.0), VEC3), ((4.0, 5.0, 6.0), VEC3)], Type(Kind.TWIST), None, (1, 2, 3, 4, 5, 6)),
    ("norm", [(ROWS, VECTORS)], LIST, None, (3, 5, 1)),
    ("dot", [(ROWS, VECTORS), ((1.0, 10.0, 100.0), VEC3)], LIST, None, (221, 430, -1)),
    ("cross", [((1.0, 0.0, 0.0), VEC3), ((0.0, 1.0, 0.0), VEC3)], VEC3, None, (0, 0, 1)),
    ("unit", [((3.0, 4.0), VEC2)], VEC2, None, (0.6, 0.8)),
    ("part", [((1.0, 2.0, 3.0), VEC3)], VEC2, "zx", (3, 1)),
    ("vec", numbers(1, 2, 3), VEC3, None, (1, 2, 3)),
    ("rotate", [(QUARTER_ABOUT_Z, QUAT), ((1.0, 0.0, 0.0), VEC3)], VEC3, None, (0, 1, 0)),
    ("rotate_inverse", [(QUARTER_ABOUT_Z, QUAT), ((1.0, 0.0, 0.0), VEC3)], VEC3, None, (0, -1, 0)),
    ("compose", [(QUARTER_ABOUT_Z, QUAT), ((1.0, 0.0, 0.0, 0.0), QUAT)], QUAT, None, (0.5**0.5, 0.5**0.5, 0, 0)),
    ("angle_between", [(QUARTER_ABOUT_Z, QUAT), ((0.0, 0.0, 1.0, 0.0), QUAT)], FLOAT, None, PI / 2),
    ("quat_conj", [(QUARTER_ABOUT_Z, QUAT)], QUAT, None, (0, 0, -(0.5**0.5), 0.5**0.5)),
    ("quat_unique", [((0.0, 0.0, 0.6, -0.8), QUAT)], QUAT, None, (0, 0, -0.6, 0.8)),
    ("yaw_only", [(QUARTER_ABOUT_Z, QUAT)], QUAT, None, QUARTER_ABOUT_Z),
    ("euler", [(QUARTER_ABOUT_Z, QUAT)], FLOAT, "yaw", PI / 2),
    ("quat", numbers(0, 0, PI / 2), QUAT, "rpy", QUARTER_ABOUT_Z),
    ("pick", [((1.0, 2.0, 3.0), LIST)], FLOAT.with_(axis=FEET), (2, 0), (3, 1)),
    ("stack", numbers(4, 5, 6), LIST, None, (4, 5, 6)),
]


@pytest.mark.parametrize(("op", "operands", "type", "attr", "value"), EXAMPLES, ids=[row[0] for row in EXAMPLES])
def test_example(op: str, operands: list[tuple[object, Type]], type: Type, attr: object, value: Any) -> None:
    result = apply(op, operands, type, attr)
    assert result.dtype == (np.bool_ if type.is_bool else np.float64)
    assert_allclose(result, value, atol=1e-12)


def test_every_operator_has_a_meaning_and_an_example() -> None:
    assert {*FUNCTIONS, *LEAVES} == set(OPS)
    assert not FUNCTIONS.keys() & LEAVES.keys()
    assert {row[0] for row in EXAMPLES} == set(FUNCTIONS)


def test_leaves() -> None:
    graph = Graph()
    read = Read("robot", "joint.pos", ("hip",))
    position = graph.add("read", type=FLOAT, read=read)
    roots = [
        constant(graph, (1.0, 2.0, 3.0), VEC3),
        graph.add("tunable", type=FLOAT, attr="reward.alive"),
        graph.add("tunable", type=FLOAT, attr=("reset.pos", 1)),
        position,
        graph.add("prev", [position], type=FLOAT),
    ]
    inputs = Inputs(
        {read: np.array([0.1, 0.2])},
        {"reward.alive": 2.0, "reset.pos": (-1.0, 1.5)},
        {position.id: np.array([5.0, 6.0])},
    )
    values = evaluate(roots, inputs, 2, np.float32)
    assert all(value.dtype == np.float32 for value in values)
    for value, expected in zip(values, (((1, 2, 3),) * 2, (2, 2), (1.5, 1.5), (0.1, 0.2), (5, 6)), strict=True):
        assert_allclose(value, expected)


def test_a_previous_value_needs_no_present_one() -> None:
    graph = Graph()
    position = graph.add("read", type=FLOAT, read=Read("robot", "joint.pos"))
    before = graph.add("prev", [position], type=FLOAT)
    assert schedule([before]) == [before]
    (value,) = evaluate([before], Inputs(previous={position.id: np.array([7.0])}), 1)
    assert value == 7


def test_draws_are_independent_and_stay_within_their_bounds() -> None:
    graph = Graph()
    bounds = [constant(graph, (-1.0, 0.0, 5.0), LIST), constant(graph, 6.0, FLOAT)]
    draw = graph.add("uniform", bounds, type=LIST)
    other = graph.add("uniform", bounds, type=LIST, attr=1)
    same, again, different = evaluate([draw, draw, other], Inputs(), 4000)
    assert same is again
    assert not np.any(same == different)
    assert_allclose(same.mean(axis=0), (2.5, 3, 5.5), atol=0.15)
    assert np.all((same >= (-1, 0, 5)) & (same < 6))
    assert len(np.unique(same)) == same.size


def test_normal_draws_have_their_mean_and_deviation() -> None:
    graph = Graph()
    numbers = [constant(graph, (-1.0, 0.0, 5.0), LIST), constant(graph, 2.0, FLOAT)]
    (values,) = evaluate([graph.add("gaussian", numbers, type=LIST)], Inputs(), 4000)
    shares = (values - (-1, 0, 5)) / 2
    assert_allclose(shares.mean(axis=0), 0, atol=0.08)
    assert_allclose(shares.std(axis=0), 1, atol=0.06)
    # a uniform draw has nothing beyond 1.73 deviations, and a fourth moment of 1.8 in place of 3
    assert_allclose((shares**4).mean(), 3, atol=0.3)
    assert len(np.unique(values)) == values.size


def test_a_list_and_a_single_vector_give_a_list_of_vectors() -> None:
    # Both have three numbers in an environment; NumPy alone would multiply them one by one.
    result = apply("mul", [((1.0, 2.0, 3.0), LIST), ((1.0, 0.0, -1.0), VEC3)], VECTORS)
    assert_allclose(result, ((1, 0, -1), (2, 0, -2), (3, 0, -3)))


def test_a_type_that_does_not_fit_the_value_is_an_error() -> None:
    with pytest.raises(ValueError, match="its type says"):
        apply("sum", [((1.0, 2.0, 3.0), LIST)], LIST)


# ---- Isaac Lab --------------------------------------------------------------------------------------------------


def of_reads(op: str, operands: list[tuple[Array, Type]], type: Type, attr: object = None) -> Array:
    graph = Graph()
    reads = [Read("robot", f"value.{position}") for position in range(len(operands))]
    args = [graph.add("read", type=each, read=read) for read, (_, each) in zip(reads, operands, strict=True)]
    values = {read: value for read, (value, _) in zip(reads, operands, strict=True)}
    node = graph.add(op, args, type=type, attr=attr)  # type: ignore[arg-type]
    return evaluate([node], Inputs(values), len(operands[0][0]))[0]


@pytest.fixture
def rng() -> np.random.Generator:
    return np.random.default_rng(1)


def rotations(rng: np.random.Generator) -> Array:
    quats = rng.normal(size=(500, 4))
    quats /= np.linalg.norm(quats, axis=-1, keepdims=True)
    edges = [(0, 0, 0, 1), (0, 0, 0, -1), (0, HALF, 0, HALF), (0, -HALF, 0, HALF), (1, 0, 0, 0), (0, 0, 1, 0)]
    return np.concatenate((quats, np.array(edges, dtype=float)))


def test_wrap_is_that_of_isaaclab_also_at_its_edges(rng: np.random.Generator) -> None:
    edges = np.arange(-9, 10) * PI
    angles = np.concatenate((rng.uniform(-20, 20, 500), edges, np.nextafter(edges, 100), np.nextafter(edges, -100)))
    assert_array_equal(
        of_reads("wrap", [(angles, FLOAT)], FLOAT), isaaclab.wrap_to_pi(torch.from_numpy(angles)).numpy()
    )


@pytest.mark.parametrize(("op", "function"), [("rotate", "quat_apply"), ("rotate_inverse", "quat_apply_inverse")])
def test_rotations_of_vectors_are_those_of_isaaclab(op: str, function: str, rng: np.random.Generator) -> None:
    quats = rotations(rng)
    vectors = rng.normal(size=(len(quats), 3))
    theirs = getattr(isaaclab, function)(torch.from_numpy(quats), torch.from_numpy(vectors)).numpy()
    assert_allclose(of_reads(op, [(quats, QUAT), (vectors, VEC3)], VEC3), theirs, atol=1e-12)


def test_euler_angles_are_those_of_isaaclab(rng: np.random.Generator) -> None:
    quats = rotations(rng)
    theirs = isaaclab.euler_xyz_from_quat(torch.from_numpy(quats))
    for angle, expected in zip(("roll", "pitch", "yaw"), theirs, strict=True):
        assert_allclose(of_reads("euler", [(quats, QUAT)], FLOAT, angle), expected.numpy(), atol=1e-12)


def test_euler_angles_give_the_rotation_back(rng: np.random.Generator) -> None:
    angles = [(rng.uniform(-limit, limit, 500), FLOAT) for limit in (PI, PI / 2 - 0.01, PI)]
    quats = of_reads("quat", angles, QUAT, "rpy")
    for name, (angle, _) in zip(("roll", "pitch", "yaw"), angles, strict=True):
        assert_allclose(of_reads("euler", [(quats, QUAT)], FLOAT, name), angle, atol=1e-9)
    theirs = isaaclab.quat_from_euler_xyz(*(torch.from_numpy(angle) for angle, _ in angles)).numpy()
    assert_allclose(quats, theirs, atol=1e-12)


def test_products_of_rotations_are_those_of_isaaclab(rng: np.random.Generator) -> None:
    left, right = rotations(rng), rotations(rng)
    pair, theirs = [(left, QUAT), (right, QUAT)], (torch.from_numpy(left), torch.from_numpy(right))
    assert_allclose(of_reads("compose", pair, QUAT), isaaclab.quat_mul(*theirs), atol=1e-12)
    assert_allclose(of_reads("angle_between", pair, FLOAT), isaaclab.quat_error_magnitude(*theirs), atol=1e-9)
    assert_allclose(of_reads("quat_unique", pair[:1], QUAT), isaaclab.quat_unique(theirs[0]), atol=0)
    assert_allclose(of_reads("quat_conj", pair[:1], QUAT), isaaclab.quat_conjugate(theirs[0]), atol=0)


def test_yaw_and_unit_are_those_of_isaaclab(rng: np.random.Generator) -> None:
    quats = rotations(rng)
    assert_allclose(of_reads("yaw_only", [(quats, QUAT)], QUAT), isaaclab.yaw_quat(torch.from_numpy(quats)), atol=1e-12)
    vectors = np.concatenate((rng.normal(size=(100, 3)), np.zeros((1, 3)), np.full((1, 3), 1e-12)))
    theirs = isaaclab.normalize(torch.from_numpy(vectors)).numpy()
    assert_allclose(of_reads("unit", [(vectors, VEC3)], VEC3), theirs, atol=1e-12)


# ---- random graphs ----------------------------------------------------------------------------------------------


@settings(max_examples=200, deadline=None, suppress_health_check=LARGE_INPUTS)
@given(programs())
def test_values_have_the_shapes_and_kinds_of_their_types(program: Program) -> None:
    for dtype in (np.float32, np.float64):
        values = evaluate(program.roots, program.inputs, program.num_envs, dtype)
        for root, value in zip(program.roots, values, strict=True):
            assert value.shape == (program.num_envs, *root.type.shape)
            assert value.dtype == (np.bool_ if root.type.is_bool else dtype)


@settings(max_examples=100, deadline=None, suppress_health_check=LARGE_INPUTS)
@given(programs())
def test_environments_do_not_mix(program: Program) -> None:
    """The value in one environment does not change when it is alone. Draws are left out: they are made in one go."""
    if any(node.op == "uniform" for node in schedule(program.roots)):
        return
    inputs = program.inputs
    whole = evaluate(program.roots, inputs, program.num_envs)
    last = Inputs(
        {read: value[-1:] for read, value in inputs.reads.items()},
        inputs.tunables,
        {key: value[-1:] for key, value in inputs.previous.items()},
        states={key: value[-1:] for key, value in inputs.states.items()},
        old={key: value[-1:] for key, value in inputs.old.items()},
        dt=inputs.dt,
    )
    for together, alone in zip(whole, evaluate(program.roots, last, 1), strict=True):
        assert_allclose(together[-1:], alone, rtol=1e-9, atol=1e-9)
