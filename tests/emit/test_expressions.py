"""The emitted torch code computes what the reference evaluator says, for random graphs over every operator."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from ir.strategies import FEET, LARGE_INPUTS, Program, programs, values_for

from emit.agreement import DOUBLE, SINGLE, judge
from emit.cases import CASES, QUAT, ROTATIONS, VEC3, VECTORS, variants
from emit.torch_run import run, with_torch_draws, write
from stripe_dsl.emit.torch.operators import EMITTERS
from stripe_dsl.ir.graph import Graph, Node, Read
from stripe_dsl.ir.ops import OPS
from stripe_dsl.ir.types import BOOL, FLOAT, Type


def test_every_operator_has_a_writer() -> None:
    assert set(EMITTERS) == set(OPS)


# ---- values -----------------------------------------------------------------------------------------------------


def compare(program: Program, dtype: torch.dtype) -> int:
    """Check the emitted code against the reference; the number of elements that were let off."""
    got = run(program, dtype)
    before = torch.get_default_dtype()
    torch.set_default_dtype(dtype)
    try:
        precision = SINGLE if dtype is torch.float32 else DOUBLE
        return judge(program, got, lambda: with_torch_draws(program.inputs), precision, lambda: write(program))
    finally:
        torch.set_default_dtype(before)


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


def test_every_operator_has_cases() -> None:
    assert set(CASES) == set(OPS)


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
