"""Every function and operator, written in the language: the reference evaluator, the emitted torch code and a formula
that knows of neither agree, and the checker infers shape, unit and frame."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import fields, is_dataclass
from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from stripe_dsl.check.arithmetic import COMPARISONS
from stripe_dsl.check.expressions import ARITHMETIC
from stripe_dsl.check.functions import FUNCTIONS
from stripe_dsl.check.quantities import BASE, BODY, EPISODE, JOINT, JOINT_WRENCH, Quantity
from stripe_dsl.check.reading import PARTS
from stripe_dsl.ir.graph import Node, Read
from stripe_dsl.ir.reference import Array, Inputs
from stripe_dsl.ir.schedule import schedule
from stripe_dsl.ir.types import Kind, Type
from stripe_dsl.source import SourceFile
from stripe_dsl.syntax import ast
from stripe_dsl.syntax.parser import parse_expression

from .bench import assert_same, program, reference, torch_code, tunables
from .cases import CASES
from .examples import Case, Values

NUM_ENVS = 4
EDGES = (0.0, -0.0, 1.0, -1.0, 0.75, -0.75, 2.0, np.pi, -np.pi, np.pi / 2, 2 * np.pi, -3 * np.pi, 1e-12, -1e-3, 1e3)
NUMBERS = st.one_of(st.sampled_from(EDGES), st.floats(-20, 20, allow_subnormal=False))
ANGLES = st.tuples(st.floats(-3.2, 3.2), st.floats(-1.55, 1.55), st.floats(-3.2, 3.2))


def lowered(case: Case) -> tuple[Node, dict[str, Any], Node | None]:
    """The node of a case, the cfg's fields, and the weight's path of a reward."""
    if case.phase == "observe":
        task = program(observe=f"value = {case.text}")
        return task.groups[0].items[0].value, tunables(task), None
    task = program(reward=f"value = {case.text}")
    (term,) = task.rewards
    return term.value, tunables(task), term.weight  # type: ignore[return-value]


@st.composite
def rotations(draw: st.DrawFn, shape: tuple[int, ...]) -> Array:
    """Unit quaternions (x, y, z, w) away from a pitch of 90 degrees, where roll and yaw are undefined."""
    count = int(np.prod(shape[:-1]))
    rows = []
    for _ in range(count):
        roll, pitch, yaw = (angle / 2 for angle in draw(ANGLES))
        turn_x = np.array([np.sin(roll), 0, 0, np.cos(roll)])
        turn_y = np.array([0, np.sin(pitch), 0, np.cos(pitch)])
        turn_z = np.array([0, 0, np.sin(yaw), np.cos(yaw)])
        rows.append(product(turn_z, product(turn_y, turn_x)) * draw(st.sampled_from((1.0, -1.0))))
    return np.array(rows).reshape(shape)


def product(a: Array, b: Array) -> Array:
    """Of two quaternions (x, y, z, w)."""
    u, v, s, t = a[:3], b[:3], a[3], b[3]
    return np.array([*(s * v + t * u + np.cross(u, v)), s * t - u @ v])


def values(type: Type) -> st.SearchStrategy[Array]:
    """Values of a read, with edges among them."""
    shape = (NUM_ENVS, *type.shape)
    if type.is_bool:
        return arrays(np.bool_, shape)
    if type.kind is Kind.QUAT:
        return rotations(shape)
    return arrays(np.float64, shape, elements=NUMBERS, fill=st.nothing())


@st.composite
def inputs(draw: st.DrawFn, roots: list[Node], numbers: dict[str, Any]) -> Inputs:
    """Values for what the roots read, each quantity once."""
    wanted: dict[Read, Type] = {}
    for node in schedule(roots):
        for each in (node, *node.args):  # the operand of ``prev`` is not scheduled
            if each.read is not None:
                wanted[each.read] = each.type
    return Inputs({read: draw(values(type)) for read, type in wanted.items()}, numbers, dt=1 / 30)


TUNED = settings(
    max_examples=25, deadline=None, suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large]
)


@pytest.mark.parametrize("case", CASES, ids=[case.text for case in CASES])
def test_value(case: Case) -> None:
    """Reference, emitted torch code and formula give one number."""
    root, numbers, weight = lowered(case)
    code = torch_code(root)

    @TUNED
    @given(inputs([root], numbers))
    def agree(given: Inputs) -> None:
        with np.errstate(all="ignore"):
            want = np.asarray(case.formula(Values(given.reads, NUM_ENVS)))
        factor = numbers[weight] if weight is not None else 1
        ours, theirs = reference(root, given, NUM_ENVS), code.run(given, NUM_ENVS)
        if want.dtype == np.bool_ and case.phase == "observe":
            want = want.astype(np.float64)  # an observation is a number
        assert_same(ours * factor, want, f"{case.text}: reference and formula", turn=case.turn)
        assert_same(theirs * factor, want, f"{case.text}: torch and formula\n{code.text}", turn=case.turn)

    agree()


@pytest.mark.parametrize("case", CASES, ids=[case.text for case in CASES])
def test_type(case: Case) -> None:
    """The checker infers kind, set, unit and frame."""
    root, _, weight = lowered(case)
    found = root.args[0].type if root.op == "float" and case.type.is_bool else root.type
    assert (found.kind, found.axis, found.frame) == (case.type.kind, case.type.axis, case.type.frame)
    if weight is None or "/m *" not in case.text:
        assert found.dim == case.type.dim, f"{found.dim}, not {case.type.dim}"


@pytest.mark.parametrize(
    "case",
    [case for case in CASES if case.phase == "observe" and case.type.is_scalar],
    ids=[case.text for case in CASES if case.phase == "observe" and case.type.is_scalar],
)
def test_as_a_reward(case: Case) -> None:
    """In a reward, literals are fields of the cfg and the first one is the weight: the product is the same number."""
    task = program(reward=f"value = {case.text}")
    (term,) = task.rewards
    numbers = tunables(task)

    @settings(TUNED, max_examples=8)
    @given(inputs([term.value], numbers))
    def agree(given: Inputs) -> None:
        with np.errstate(all="ignore"):
            want = np.asarray(case.formula(Values(given.reads, NUM_ENVS))).astype(np.float64)
        weight = numbers[term.weight]
        ours = weight * reference(term.value, given, NUM_ENVS)
        theirs = weight * torch_code(term.value).run(given, NUM_ENVS)
        assert_same(ours, want, f"{case.text}: reference", turn=case.turn)
        assert_same(theirs, want, f"{case.text}: torch\n{torch_code(term.value).text}", turn=case.turn)

    agree()


# ---- nothing is left out ----------------------------------------------------------------------------------------


def parsed(case: Case) -> ast.Expr:
    source = SourceFile("case", case.text)
    expr, problems = parse_expression(source, 0, len(case.text))
    assert not problems
    return expr


def parts(node: object) -> Iterator[Any]:
    """Every node of a syntax tree."""
    if isinstance(node, tuple | list):
        for item in node:
            yield from parts(item)
    elif isinstance(node, ast.Expr) if isinstance(ast.Expr, type) else is_dataclass(node):
        yield node
        for field in fields(node):  # type: ignore[arg-type]
            if field.name not in ("span",) and not field.name.endswith("_span"):
                yield from parts(getattr(node, field.name))


TREES = [node for case in CASES for node in parts(parsed(case))]
ELSEWHERE = {"prev", "delta", "since", "held", "filter", "gaussian", "shared", "chance"}
"""Functions that remember or draw: ``test_memory.py`` beside this file."""


@pytest.mark.parametrize("name", sorted(set(FUNCTIONS) - ELSEWHERE))
def test_every_function_has_a_case(name: str) -> None:
    calls = [node for node in TREES if isinstance(node, ast.Call) and getattr(node.function, "id", "") == name]
    assert {len(node.args) for node in calls} >= set(FUNCTIONS[name].counts)


@pytest.mark.parametrize("op", [*ARITHMETIC, *COMPARISONS, "^", "and", "or"])
def test_every_binary_operator_has_a_case(op: str) -> None:
    assert any(isinstance(node, ast.Binary) and node.op == op for node in TREES)


@pytest.mark.parametrize("op", ["-", "not"])
def test_every_unary_operator_has_a_case(op: str) -> None:
    assert any(isinstance(node, ast.Unary) and node.op == op for node in TREES)


def test_every_other_form_has_a_case() -> None:
    kinds = {type(node) for node in TREES}
    assert kinds >= {ast.Norm, ast.If, ast.Where, ast.Tuple, ast.Frame, ast.Index, ast.Range, ast.Field, ast.Number}
    choices = [node for node in TREES if isinstance(node, ast.If)]
    assert {node.otherwise is None for node in choices} == {True, False}
    assert {node.name for node in TREES if isinstance(node, ast.Field)} >= set(PARTS)


READ = {(match[1], match[2]) for case in CASES for match in re.finditer(r"(\w+)(?:\[\w+\])?\.(\w+)", case.text)}


@pytest.mark.parametrize(
    ("owners", "table"),
    [
        ({"knee", "slider", "legs", "pair"}, JOINT),
        ({"base"}, BASE),
        ({"feet", "tip"}, BODY),
        ({"touch"}, JOINT_WRENCH),
        ({"episode"}, EPISODE),
    ],
)
def test_every_quantity_and_frame_has_a_case(owners: set[str], table: dict[str, Quantity]) -> None:
    assert {name for owner, name in READ if owner in owners} >= set(table)
    frames = {
        (node.object.name, node.frame)
        for node in TREES
        if isinstance(node, ast.Frame) and isinstance(node.object, ast.Field) and _owner(node.object) in owners
    }
    for name, quantity in table.items():
        written = {frame for known, frame in frames if known == name}
        left = set(quantity.frames) - written - {quantity.default}
        assert not left, f"{name} is never read in {left}"


def _owner(field: ast.Field) -> str:
    inner = field.object.object if isinstance(field.object, ast.Index) else field.object
    return getattr(inner, "id", "")
