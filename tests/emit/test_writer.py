"""The torch code reads as if written by hand: names, sharing, constants, parentheses."""

from __future__ import annotations

import ast
import contextlib
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import Phase, given, settings
from ir.strategies import JOINTS, LARGE_INPUTS, Program, programs

from emit.torch_run import leaf as leaf_of_task
from emit.torch_run import write
from stripe_dsl.emit.torch.expressions import Block, TorchWriter
from stripe_dsl.ir.graph import Graph, Node, Read
from stripe_dsl.ir.types import BOOL, FLOAT, Kind, Type

VEC2, VEC3, QUAT = Type(Kind.VEC2), Type(Kind.VEC3), Type(Kind.QUAT)
LIST = FLOAT.with_(axis=JOINTS)
FIELDS = {
    "joint.pos": "joint_pos",
    "joint.vel": "joint_vel",
    "root.rot": "root_quat_w",
    "root.lin_vel@body": "root_lin_vel_b",
}


class Sheet:
    """A graph with short ways to write into it."""

    def __init__(self) -> None:
        self.graph = Graph()
        self.cart = self.read("joint.pos", FLOAT, "cart")
        self.pole = self.read("joint.pos", FLOAT, "pole")
        self.vel = self.read("joint.vel", LIST)
        self.rot = self.read("root.rot", QUAT)
        self.lin_vel = self.read("root.lin_vel@body", VEC3)

    def read(self, quantity: str, type: Type, *names: str) -> Node:
        return self.graph.add("read", type=type, read=Read("robot", quantity, names))

    def number(self, value: float) -> Node:
        return self.graph.add("const", type=FLOAT, attr=value)

    def field(self, path: str, end: int | None = None) -> Node:
        return self.graph.add("tunable", type=FLOAT, attr=path if end is None else (path, end))

    def __call__(self, op: str, *args: Node, type: Type = FLOAT, attr: object = None) -> Node:
        return self.graph.add(op, args, type=type, attr=attr)  # type: ignore[arg-type]


@pytest.fixture
def sheet() -> Sheet:
    return Sheet()


def leaf(node: Node) -> str:
    match node.op:
        case "tunable":
            return (
                f"self.cfg.{node.attr[0]}[{node.attr[1]}]" if isinstance(node.attr, tuple) else f"self.cfg.{node.attr}"
            )
        case "prev":
            return "self._previous"
    assert node.read is not None
    column = f"[:, self._{node.read.names[0]}]" if node.read.names else ""
    return f"self.robot.data.{FIELDS[node.read.quantity]}.torch{column}"


def block(*roots: Node, names: dict[int, str] | None = None, **options: str) -> tuple[TorchWriter, Block]:
    writer = TorchWriter(names, reserved=("obs",))
    return writer, writer.block(roots, leaf, **options)


def lines(*roots: Node, names: dict[int, str] | None = None) -> list[str]:
    """Assignments, then the roots."""
    _, written = block(*roots, names=names)
    return [*(f"{each.target} = {each.text}" for each in written.assignments), *(each.text for each in written.results)]


POLE = "self.robot.data.joint_pos.torch[:, self._pole]"


def test_squares_and_functions(sheet: Sheet) -> None:
    assert lines(sheet("pow", sheet("wrap", sheet.pole), sheet.number(2))) == [f"torch.square(wrap_to_pi({POLE}))"]


def test_a_unit_is_no_factor(sheet: Sheet) -> None:
    """``sin(x) * 1 rad`` and ``(sin(x), …) m`` are the sine."""
    assert lines(sheet("mul", sheet("sin", sheet.pole), sheet.number(1.0))) == [f"torch.sin({POLE})"]
    assert lines(sheet("mul", sheet.number(1.0), sheet("sin", sheet.pole))) == [f"torch.sin({POLE})"]
    assert lines(sheet("mul", sheet("sin", sheet.pole), sheet.number(2.0))) == [f"torch.sin({POLE}) * 2.0"]
    flag = sheet("lt", sheet.pole, sheet.number(0.0), type=BOOL)
    assert lines(sheet("mul", sheet("float", flag), sheet.number(1.0))) == [f"({POLE} < 0.0).float()"]


def test_the_square_of_a_length_takes_no_root(sheet: Sheet) -> None:
    norm = sheet("norm", sheet("part", sheet.lin_vel, type=VEC2, attr="xy"))
    assert lines(sheet("pow", norm, sheet.number(2))) == [
        "torch.sum(torch.square(self.robot.data.root_lin_vel_b.torch[:, :2]), dim=-1)"
    ]
    square = sheet("pow", sheet("list_norm", sheet.vel), sheet.number(2))
    assert lines(square) == ["torch.sum(torch.square(self.robot.data.joint_vel.torch), dim=-1)"]


def test_a_length_that_is_wanted_anyway_is_squared_as_it_is(sheet: Sheet) -> None:
    norm = sheet("norm", sheet.lin_vel)
    assert lines(norm, sheet("pow", norm, sheet.number(2))) == [
        "root_lin_vel_body_norm = torch.linalg.norm(self.robot.data.root_lin_vel_b.torch, dim=-1)",
        "root_lin_vel_body_norm",
        "torch.square(root_lin_vel_body_norm)",
    ]


def test_shared_values_get_names_that_say_what_they_are(sheet: Sheet) -> None:
    far = sheet("gt", sheet("abs", sheet.cart), sheet.field("terminate.limit"), type=BOOL)
    assert lines(far, sheet("float", sheet("not", far, type=BOOL))) == [
        "cart_pos_abs_above = torch.abs(self.robot.data.joint_pos.torch[:, self._cart]) > self.cfg.terminate.limit",
        "cart_pos_abs_above",
        "(~cart_pos_abs_above).float()",
    ]


def test_columns_of_one_tensor_share_it(sheet: Sheet) -> None:
    assert lines(sheet("add", sheet.cart, sheet.pole)) == [
        "joint_pos = self.robot.data.joint_pos.torch",
        "joint_pos[:, self._cart] + joint_pos[:, self._pole]",
    ]


def test_named_values_keep_their_names(sheet: Sheet) -> None:
    speed = sheet("norm", sheet.lin_vel)
    assert lines(sheet("exp", speed), names={speed.id: "speed"}) == [
        "speed = torch.linalg.norm(self.robot.data.root_lin_vel_b.torch, dim=-1)",
        "torch.exp(speed)",
    ]


@pytest.mark.parametrize(
    ("name", "kept"), [("lambda", "lambda_"), ("obs", "obs_2"), ("torch", "torch_2"), ("normalize", "normalize_2")]
)
def test_names_that_mean_something_else_are_changed(sheet: Sheet, name: str, kept: str) -> None:
    direction = sheet("unit", sheet.lin_vel, type=VEC3)
    assert lines(direction, names={direction.id: name})[-1] == kept


def test_derived_names_give_way_to_given_ones(sheet: Sheet) -> None:
    yaw = sheet("euler", sheet.rot, attr="yaw")
    turned = sheet("sin", yaw)
    assert lines(sheet("add", turned, yaw), names={turned.id: "yaw"}) == [
        "yaw_2 = euler_xyz_from_quat(self.robot.data.root_quat_w.torch)[2]",
        "yaw = torch.sin(yaw_2)",
        "yaw + yaw_2",
    ]


def test_angles_of_one_rotation_come_from_one_call(sheet: Sheet) -> None:
    roll, yaw = (sheet("euler", sheet.rot, attr=angle) for angle in ("roll", "yaw"))
    assert lines(sheet("add", roll, yaw)) == [
        "roll, _, yaw = euler_xyz_from_quat(self.robot.data.root_quat_w.torch)",
        "roll + yaw",
    ]


def test_angles_of_a_list_of_rotations_are_flattened_for_isaaclab(sheet: Sheet) -> None:
    bodies = sheet.read("root.rot", QUAT.with_(axis=JOINTS))
    assert lines(sheet("euler", bodies, type=LIST, attr="yaw")) == [
        "euler_xyz_from_quat(self.robot.data.root_quat_w.torch.reshape(-1, 4))[2].view(-1, 3)"
    ]


def test_constant_vectors_are_made_once(sheet: Sheet) -> None:
    up = sheet.graph.add("const", type=VEC3, attr=(0.0, 0.0, 1.0))
    gains = sheet.graph.add("const", type=LIST, attr=(1.0, 2.0, 0.1 + 0.2))
    roots = [sheet("rotate", sheet.rot, up, type=VEC3), sheet("mul", gains, sheet.vel, type=LIST)]
    writer, written = block(*roots, names={gains.id: "gain"})
    assert [each.text for each in written.results] == [
        "quat_apply(self.robot.data.root_quat_w.torch, self._z_axis)",
        "self._gain * self.robot.data.joint_vel.torch",
    ]
    assert [(each.name, each.text) for each in writer.constants] == [
        ("_z_axis", "torch.tensor(((0.0, 0.0, 1.0),), device=self.device)"),
        ("_gain", "torch.tensor(((1.0, 2.0, 0.3),), device=self.device)"),
    ]
    writer.block(roots, leaf)
    assert len(writer.constants) == 2
    assert writer.imports == {"quat_apply"}
    assert writer.modules == {"torch"}


def test_numbers_stay_with_python(sheet: Sheet) -> None:
    gain = sheet("mul", sheet("exp", sheet.field("reward.gain")), sheet.number(0.5))
    writer, written = block(sheet("mul", gain, sheet.pole))
    assert written.results[0].text == f"math.exp(self.cfg.reward.gain) * 0.5 * {POLE}"
    assert writer.modules == {"math"}


def test_a_setting_beside_a_tensor_is_read_at_each_use(sheet: Sheet) -> None:
    """Not in ``__init__``: it may change, and may be spelt by a variable of the method."""
    far, near = sheet.field("reward.far"), sheet.field("reward.near")
    cart = "joint_pos[:, self._cart]"
    roots = [
        sheet("atan2", sheet.pole, far),
        sheet("where", sheet("gt", far, near, type=BOOL), sheet.pole, sheet.cart),
        sheet("vec", far, near, type=VEC2),
        sheet("atan2", sheet.pole, sheet.field("param.far")),
    ]
    writer, written = block(*roots)
    assert [each.text for each in written.results] == [
        "torch.atan2(pole_pos, self._zero + self.cfg.reward.far)",
        f"torch.where(self._no | (self.cfg.reward.far > self.cfg.reward.near), pole_pos, {cart})",
        "torch.stack(torch.broadcast_tensors(self._zero + self.cfg.reward.far, self._zero + self.cfg.reward.near), "
        "dim=-1)",
        "torch.atan2(pole_pos, self._number)",
    ]
    assert [(each.name, each.text) for each in writer.constants] == [
        ("_zero", "torch.tensor((0.0,), device=self.device)"),
        ("_no", "torch.tensor((False,), device=self.device)"),
        ("_number", "torch.tensor((self.cfg.param.far,), device=self.device)"),
    ]


def test_draws_take_their_range_from_the_cfg(sheet: Sheet) -> None:
    bounds = [sheet.field("reset.pos", end) for end in (0, 1)]
    _, written = block(sheet("uniform", *bounds), sheet("uniform", *bounds, type=LIST), num_envs="len(env_ids)")
    assert [each.text for each in written.results] == [
        "torch.empty(len(env_ids), device=self.device).uniform_(*self.cfg.reset.pos)",
        "torch.empty((len(env_ids), 3), device=self.device).uniform_(*self.cfg.reset.pos)",
    ]


def test_draws_between_values_are_left_to_isaaclab(sheet: Sheet) -> None:
    _, written = block(sheet("uniform", sheet.cart, sheet.number(1.0)), num_envs="len(env_ids)")
    text = "sample_uniform(self.robot.data.joint_pos.torch[:, self._cart], 1.0, len(env_ids), self.device)"
    assert [each.text for each in written.results] == [text]


def test_the_operand_of_prev_is_not_computed(sheet: Sheet) -> None:
    assert lines(sheet("sub", sheet.pole, sheet("prev", sheet("sin", sheet.cart)))) == [f"{POLE} - self._previous"]


def test_values_equal_in_all_environments_can_be_spread(sheet: Sheet) -> None:
    up = sheet.graph.add("const", type=VEC3, attr=(0.0, 0.0, 1.0))
    _, written = block(sheet.number(1.0), up, sheet.pole)
    assert [each.for_all() for each in written.results] == [
        "torch.full((self.num_envs,), 1.0, device=self.device)",
        "self._z_axis.expand(self.num_envs, 3)",
        POLE,
    ]


def test_signs_are_folded_into_sums(sheet: Sheet) -> None:
    a, b = sheet.vel, sheet.field("a.b")
    assert lines(sheet("add", a, sheet("neg", b), type=LIST)) == ["self.robot.data.joint_vel.torch - self.cfg.a.b"]
    product = sheet("mul", sheet.number(-2), b)
    assert lines(sheet("sub", a, product, type=LIST)) == ["self.robot.data.joint_vel.torch + 2.0 * self.cfg.a.b"]
    squared = sheet("neg", sheet("mul", b, b))
    assert lines(sheet("add", a, squared, type=LIST)) == [
        "self.robot.data.joint_vel.torch - self.cfg.a.b * self.cfg.a.b"
    ]


def test_long_operands_get_names(sheet: Sheet) -> None:
    total: Node = sheet.cart
    for step in range(60):
        total = sheet("add", total, sheet("sin", sheet("mul", sheet.pole, sheet.number(step + 1.5))))
    written = lines(total)
    assert len(written) > 5
    assert all(len(line) < 320 for line in written)


# ---- properties of all emitted code -----------------------------------------------------------------------------

TUNED = settings(max_examples=100, deadline=None, suppress_health_check=LARGE_INPUTS)


@TUNED
@given(programs(depth=4))
def test_no_parentheses_too_many(program: Program) -> None:
    written = TorchWriter().block(program.roots, leaf_of_task)
    for text in [*(each.text for each in written.assignments), *(each.text for each in written.results)]:
        whole = ast.dump(ast.parse(text))
        for opening, closing in parentheses(text):
            if text[opening + 1] == "-" and (text[opening - 1] == "-" or text.startswith(" %", closing + 1)):
                continue  # -(-a) and (-a) % b read better so
            bare = f"{text[:opening]} {text[opening + 1 : closing]} {text[closing + 1 :]}".strip()
            with contextlib.suppress(SyntaxError):
                assert ast.dump(ast.parse(bare)) != whole, text


def parentheses(text: str) -> Iterator[tuple[int, int]]:
    """Places of parentheses that group, rather than call."""
    opened: list[int] = []
    for place, character in enumerate(text):
        if character == "(":
            opened.append(place)
        elif character == ")":
            start = opened.pop()
            if not re.search(r"[\w\])]$", text[:start]):
                yield start, place


@TUNED
@given(programs(depth=5))
def test_nothing_is_copied_to_the_device_in_a_step(program: Program) -> None:
    (compute,) = methods(program, "compute")
    for node in ast.walk(compute):
        if isinstance(node, ast.Call):
            assert ast.unparse(node.func) not in ("torch.tensor", "torch.as_tensor", "torch.zeros")
        if isinstance(node, ast.Subscript):  # a list as an index is copied at each use
            assert not any(isinstance(inner, ast.List) for inner in ast.walk(node.slice))


def methods(program: Program, name: str) -> list[ast.FunctionDef]:
    """Methods of this name in the class that computes the program."""
    return [
        node for node in ast.walk(ast.parse(write(program))) if isinstance(node, ast.FunctionDef) and node.name == name
    ]


@TUNED
@given(programs(depth=5))
def test_no_variable_is_unused_or_bound_twice(program: Program) -> None:
    (compute,) = methods(program, "compute")
    names = [node for node in ast.walk(compute) if isinstance(node, ast.Name)]
    bound = [node.id for node in names if isinstance(node.ctx, ast.Store) and node.id != "_"]
    used = {node.id for node in names if isinstance(node.ctx, ast.Load)}
    assert len(bound) == len(set(bound))
    assert set(bound) <= used


def test_the_formatter_and_the_linter_agree(tmp_path: Path) -> None:
    """Ruff finds nothing to change in nearly all modules, and no unused or missing name in any."""
    ruff = shutil.which("ruff", path=str(Path(sys.executable).parent)) or shutil.which("ruff")
    assert ruff, "the development group installs ruff"
    texts: list[str] = []

    @settings(max_examples=100, deadline=None, database=None, derandomize=True, phases=(Phase.generate,))
    @given(programs(depth=5))
    def collect(program: Program) -> None:
        texts.append(write(program))

    collect()
    for number, text in enumerate(texts):
        (tmp_path / f"{number}.py").write_text(text)
    lint = [ruff, "check", "--isolated", "--select", "F", "--ignore", "F401", str(tmp_path)]
    result = subprocess.run(lint, capture_output=True, text=True, check=False)
    assert result.returncode == 0, result.stdout
    before = {path: path.read_text() for path in tmp_path.glob("*.py")}
    subprocess.run([ruff, "format", "--quiet", "--isolated", "--line-length", "120", str(tmp_path)], check=True)
    bodies = [
        (text.partition("def prepare")[2], path.read_text().partition("def prepare")[2])
        for path, text in before.items()
    ]
    same = sum(ours == theirs for ours, theirs in bodies)
    assert same >= 0.97 * len(bodies)
