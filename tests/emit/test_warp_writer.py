"""The Warp kernels read as if written by hand: names, sharing, loops, constants; and no name in them hides another."""

from __future__ import annotations

import ast
import re
from collections.abc import Mapping
from pathlib import Path

import numpy as np
import pytest
from hypothesis import Phase, given, settings
from ir.strategies import JOINTS, LARGE_INPUTS, Program, programs, values_for

from emit.warp_run import Written, ruff, write
from stripe_dsl.ir.graph import Graph, Node, Read
from stripe_dsl.ir.types import BOOL, FLOAT, Kind, Type

VEC2, VEC3, QUAT = Type(Kind.VEC2), Type(Kind.VEC3), Type(Kind.QUAT)
LIST = FLOAT.with_(axis=JOINTS)


class Sheet:
    """A graph with short ways to write into it."""

    def __init__(self) -> None:
        self.graph = Graph()
        self.a, self.b = self.read("float.a", FLOAT), self.read("float.b", FLOAT)
        self.rot, self.vel = self.read("quat.a", QUAT), self.read("vec3.a", VEC3)
        self.members = self.read("float.c", LIST)

    def read(self, quantity: str, type: Type) -> Node:
        names = type.axis.names if type.axis is not None else ()
        return self.graph.add("read", type=type, read=Read("robot", quantity, names))

    def const(self, value: object, type: Type = FLOAT) -> Node:
        return self.graph.add("const", type=type, attr=value)  # type: ignore[arg-type]

    def __call__(self, op: str, *args: Node, type: Type = FLOAT, attr: object = None) -> Node:
        return self.graph.add(op, args, type=type, attr=attr)  # type: ignore[arg-type]


@pytest.fixture
def s() -> Sheet:
    return Sheet()


def kernel(*roots: Node, names: Mapping[int, str] | None = None) -> Written:
    written = Written("compute", Program(roots, values_for(roots, {}, 3, 1), 3), names or {})
    write([written])
    return written


def lines(*roots: Node, names: Mapping[int, str] | None = None) -> list[str]:
    """The statements of the kernel."""
    return kernel(*roots, names=names).kernel.lines


LOOP = "    for i in range(wp.static(len(SET_1))):"


def test_a_single_value_stands_where_it_is_wanted(s: Sheet) -> None:
    assert lines(s("exp", s("neg", s("pow", s.a, s.const(2.0))))) == ["    out_0[env] = wp.exp(-square(float_a[env]))"]


def test_a_unit_is_no_factor(s: Sheet) -> None:
    assert lines(s("mul", s("sin", s.a), s.const(1.0))) == ["    out_0[env] = wp.sin(float_a[env])"]
    assert lines(s("mul", s("sin", s.a), s.const(2.0))) == ["    out_0[env] = wp.sin(float_a[env]) * 2.0"]


def test_shared_values_are_computed_once(s: Sheet) -> None:
    slope = s("sin", s("add", s.a, s.b))
    assert lines(s("mul", slope, slope), s("abs", slope)) == [
        "    float_a_shifted_sin = wp.sin(float_a[env] + float_b[env])",
        "    out_0[env] = float_a_shifted_sin * float_a_shifted_sin",
        "    out_1[env] = wp.abs(float_a_shifted_sin)",
    ]


def test_reductions_over_one_set_share_a_loop(s: Sheet) -> None:
    large = s("abs", s.members, type=LIST)
    assert lines(s("sum", large), s("list_max", large), s("list_norm", s.members)) == [
        "    float_c_abs_sum = wp.float32(0.0)",
        "    float_c_abs_max = wp.float32(-wp.inf)",
        "    float_c_square_sum = wp.float32(0.0)",
        LOOP,
        "        float_c = float_c_hip_knee_ankle[env, i]",
        "        float_c_abs = wp.abs(float_c)",
        "        float_c_abs_sum += float_c_abs",
        "        float_c_abs_max = maximum(float_c_abs_max, float_c_abs)",
        "        float_c_square_sum += square(float_c)",
        "    out_0[env] = float_c_abs_sum",
        "    out_1[env] = float_c_abs_max",
        "    out_2[env] = wp.sqrt(float_c_square_sum)",
    ]


def test_a_list_beside_its_mean_takes_two_loops(s: Sheet) -> None:
    centred = s("sub", s.members, s("mean", s.members), type=LIST)
    assert lines(s("list_norm", centred)) == [
        "    float_c_sum = wp.float32(0.0)",
        LOOP,
        "        float_c_sum += float_c_hip_knee_ankle[env, i]",
        "    float_c_mean = float_c_sum / 3.0",
        "    float_c_difference_square_sum = wp.float32(0.0)",
        LOOP,
        "        float_c_difference_square_sum += square(float_c_hip_knee_ankle[env, i] - float_c_mean)",
        "    out_0[env] = wp.sqrt(float_c_difference_square_sum)",
    ]


def test_the_square_of_a_length_takes_no_root(s: Sheet) -> None:
    flat = s("part", s.vel, type=VEC2, attr="xy")
    assert lines(s("pow", s("norm", flat), s.const(2.0)))[-1] == (
        "    out_0[env] = wp.length_sq(wp.vec2(vec3_a_2[0], vec3_a_2[1]))"
    )
    assert lines(s("pow", s("list_norm", s.members), s.const(2.0)))[-1] == "    out_0[env] = float_c_square_sum"


def test_named_values_keep_their_names(s: Sheet) -> None:
    speed, slow = s("norm", s.vel), s("abs", s.members, type=LIST)
    total = s("sum", slow)
    assert lines(s("exp", speed), total, names={speed.id: "speed", slow.id: "Slow", total.id: "total"}) == [
        "    speed = wp.length(vec3_a[env])",
        "    total = wp.float32(0.0)",
        LOOP,
        "        Slow = wp.abs(float_c_hip_knee_ankle[env, i])",
        "        total += Slow",
        "    out_0[env] = wp.exp(speed)",
        "    out_1[env] = total",
    ]


@pytest.mark.parametrize(
    ("name", "kept"),
    [
        ("env", "env_2"),
        ("i", "i_2"),
        ("wp", "wp_2"),
        ("reward", "reward_2"),
        ("float", "float_"),
        ("rng", "rng_2"),
        ("fresh", "fresh_2"),
        ("lambda", "lambda_"),
        ("square", "square_2"),
        ("SET_1", "set_1"),
        ("VALUES", "values"),
        ("REWARD_TERMS", "reward_terms"),
        ("length", "length"),
    ],
)
def test_names_that_mean_something_else_are_changed(s: Sheet, name: str, kept: str) -> None:
    speed = s("norm", s.vel)
    values = s.const((1.0, 2.0, 3.0), LIST)
    total = s("sum", s("mul", values, s("pow", s.members, s.const(2.0), type=LIST), type=LIST))
    written = lines(speed, total, names={speed.id: name})
    assert written[0] == f"    {kept} = wp.length(vec3_a[env])"
    assert "        values_square_sum" not in written
    assert any("VALUES[i]" in line for line in written)


def test_constants_of_lists_are_made_once(s: Sheet) -> None:
    gains = s.const((1.0, 2.0, 0.1 + 0.2), LIST)
    same, flags = s.const((2.0, 2.0, 2.0), LIST), s.const((True, False, True), BOOL.with_(axis=JOINTS))
    rows = s.const(((1.0, 2.0), (3.0, 4.0), (5.0, 6.0)), VEC2.with_(axis=JOINTS))
    roots = [s("mul", each, s.members, type=LIST) for each in (gains, same)] + [gains, flags, rows]
    written = Written("compute", Program(tuple(roots), values_for(tuple(roots), {}, 3, 1), 3), {gains.id: "gain"})
    text = write([written])
    assert re.findall(r"^[A-Z]\w* = .*", text, re.MULTILINE) == [
        'SET_1 = ("hip", "knee", "ankle")',
        "GAIN = wp.constant(wp.types.vector(length=3, dtype=float)(1.0, 2.0, 0.3))",
        "VALUES = wp.constant(wp.types.vector(length=3, dtype=bool)(1, 0, 1))",
        "VALUES_2 = wp.constant(wp.types.matrix(shape=(3, 2), dtype=float)(1.0, 2.0, 3.0, 4.0, 5.0, 6.0))",
    ]
    assert "        out_1[env, i] = 2.0 * float_c_hip_knee_ankle[env, i]" in written.kernel.lines


def test_infinity_is_written_as_warp_knows_it(s: Sheet) -> None:
    far = s("where", s.read("bool.a", BOOL), s.a, s.const(float("-inf")))
    assert lines(far) == ["    out_0[env] = wp.where(bool_a[env], float_a[env], -wp.inf)"]


def test_values_of_a_name_keep_their_type_from_loop_to_loop(s: Sheet) -> None:
    """Warp refuses a name that was a number in one loop and is a vector in the next."""
    number, vector = (s.read("x", type.with_(axis=JOINTS)) for type in (FLOAT, VEC3))
    squares = [s("mul", each, each, type=each.type) for each in (number, vector)]
    names = [line.split()[0] for line in lines(*squares) if line.endswith("_hip_knee_ankle[env, i]")]
    assert len(names) == len(set(names)) == 2


def test_a_scalar_in_every_component_is_computed_once(s: Sheet) -> None:
    flat = s.read("vec2.a", VEC2)
    assert lines(s("min", flat, s("exp", s.a), type=VEC2)) == [
        "    vec2_a_2 = vec2_a[env]",
        "    float_a_exp = wp.exp(float_a[env])",
        "    out_0[env] = wp.vec2(minimum(vec2_a_2[0], float_a_exp), minimum(vec2_a_2[1], float_a_exp))",
    ]


def test_long_operands_get_names_and_long_lines_break(s: Sheet) -> None:
    total, wave = s.members, s.a
    for step in range(40):
        total = s("add", total, s("sin", s("mul", s.members, s.const(step + 1.5), type=LIST), type=LIST), type=LIST)
        wave = s("add", wave, s("cos", s("mul", s.b, s.const(step + 1.5))))
    written = lines(s("sum", total), wave)
    assert len(written) > 20
    assert all(len(part) <= 120 for line in written for part in line.splitlines())


def test_a_long_member_of_a_sum_breaks_behind_its_sign(s: Sheet) -> None:
    waves = (s(op, s("mul", s.const(0.25), s.members, type=LIST), type=LIST) for op in ("sin", "cos"))
    total = s("sum", s("add", *waves, type=LIST))
    name = f"the_{'long_' * 12}sum"
    (added,) = (line for line in lines(total, names={total.id: name}) if "+=" in line)
    assert added.splitlines() == [
        f"        {name} += wp.sin(float_c_scaled) + wp.cos(",
        "            float_c_scaled",
        "        )",
    ]


def random_text(depth: int, count: int) -> tuple[list[Written], str]:
    """A module with a kernel for each of some random programs."""
    kernels: list[Written] = []

    @settings(
        max_examples=count,
        deadline=None,
        database=None,
        derandomize=True,
        phases=(Phase.generate,),
        suppress_health_check=LARGE_INPUTS,
    )
    @given(programs(depth=depth))
    def collect(program: Program) -> None:
        fresh = np.arange(program.num_envs) % 2 == 0 if len(kernels) % 2 else None
        kernels.append(Written(f"program_{len(kernels)}", program, fresh=fresh))

    collect()
    return kernels, write(kernels)


def test_random_kernels_bind_no_name_in_vain_and_keep_the_formatter_silent(tmp_path: Path) -> None:
    kernels, text = random_text(5, 150)
    functions = {node.name: node for node in ast.parse(text).body if isinstance(node, ast.FunctionDef)}
    for written in kernels:
        function = functions[written.name]
        names = [node for node in ast.walk(function) if isinstance(node, ast.Name)]
        stored = {node.id for node in names if isinstance(node.ctx, ast.Store)}
        used = {node.id for node in names if isinstance(node.ctx, ast.Load)}
        # a loop over a list of equal numbers counts its members without looking at them
        assert stored <= used | {"fresh", "i"}, written.text
        assert not stored & {argument.arg for argument in function.args.args}
    path = tmp_path / "kernels.py"
    path.write_text(text)
    assert ruff("check", "--select", "F,E741", str(path)) == (0, "All checks passed!\n")
    ruff("format", "--quiet", str(path))
    formatted = [node for node in ast.parse(path.read_text()).body if isinstance(node, ast.FunctionDef)]
    segments = {node.name: ast.get_source_segment(path.read_text(), node) for node in formatted}
    same = sum(segments[name] == ast.get_source_segment(text, functions[name]) for name in segments)
    assert same >= 0.97 * len(segments)
