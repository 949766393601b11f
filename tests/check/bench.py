"""A small task around one expression: compiled, evaluated by the reference, and run as emitted torch code."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cache
from types import SimpleNamespace
from typing import Any

import numpy as np
import torch

from stripe_dsl.emit.torch.expressions import TorchWriter
from stripe_dsl.ir.graph import Node, Read
from stripe_dsl.ir.program import Program
from stripe_dsl.ir.reference import Array, Inputs, evaluate
from stripe_dsl.ir.schedule import schedule
from stripe_dsl.pipeline import check_source
from stripe_dsl.source import SourceFile

ROBOT = """
robot bot {
  link torso { box (0.4, 0.4, 0.1) m; mass 2 kg }
  link leg_a { capsule radius 2 cm length 20 cm at (0.2, 0, -0.1) m; mass 0.2 kg }
  link leg_b { capsule radius 2 cm length 20 cm at (0, 0.2, -0.1) m; mass 0.2 kg }
  link leg_c { capsule radius 2 cm length 20 cm at (-0.2, 0, -0.1) m; mass 0.2 kg }
  link tail  { box (0.1, 0.1, 0.1) m at (0, 0, 0.2) m; mass 0.1 kg }
  joint hip_a { type revolute; parent torso; child leg_a; axis y; limits -1..1.5 rad }
  joint knee  { type revolute; parent torso; child leg_b; axis x; limits -1..1 rad }
  joint hip_c { type revolute; parent torso; child leg_c; axis y; limits -2..1 rad }
  joint slider { type prismatic; parent torso; child tail; axis z; limits -10..10 cm }
  joints legs = ["hip_a", "knee", "hip_c"]
  joints pair = ["hip_c", "hip_a"]
  body tip = "leg_c"
  bodies feet = ["leg_b", "leg_a"]
  actuator legs { implicit; effort 5 N*m }
  actuator slider { implicit; effort 5 N }
  spawn at (0, 0, 0.5) m
}
"""
LEGS = ("hip_a", "knee", "hip_c")
PAIR = ("hip_c", "hip_a")
FEET = ("leg_b", "leg_a")
BODIES = ("torso", "leg_a", "leg_c", "leg_b", "tail")

TASK = """
task Bench {{
  robot bot
  scene {{ ground plane }}
  sim {{ physics 120 Hz; control 30 Hz; episode 8 s; envs 16 spaced 2 m }}
  sensor touch = joint_wrench(bot)
  action drive = effort(legs) scale 1 N*m
  action push  = effort(slider) scale 1 N
  param limit = 0.75 rad
  param goal  = (3, -4) m
  {let}
  observe policy {{ {observe} }}
  reward per second {{ {reward} }}
  terminate {{ fallen = base.pos.z < 0.2 m; timeout }}
  reset {{ {reset} }}
}}
"""


@cache
def program(
    *, observe: str = "knee.pos", reward: str = "alive = 1.0", reset: str = "legs.pos = 0 rad", let: str = ""
) -> Program:
    """The compiled task with these entries in its blocks."""
    text = ROBOT + TASK.format(observe=observe, reward=reward, reset=reset, let=let)
    checked = check_source(SourceFile("bench.stripe", text))
    errors = [f"{item.code}: {item.message}" for item in checked.diagnostics if item.severity == "error"]
    assert not errors, f"{observe} | {reward} | {reset}: {errors}"
    (found,) = checked.programs
    return found


def errors(**blocks: str) -> list[str]:
    """Codes of the errors of a task with these entries."""
    filled = {"observe": "knee.pos", "reward": "alive = 1.0", "reset": "legs.pos = 0 rad", "let": "", **blocks}
    checked = check_source(SourceFile("bench.stripe", ROBOT + TASK.format(**filled)))
    return [item.code for item in checked.diagnostics if item.severity == "error"]


def tunables(task: Program) -> dict[str, Any]:
    """Values of the cfg's fields by path."""
    return {item.path: item.value for item in task.tunables}


def reads(roots: list[Node]) -> dict[Read, Node]:
    """What is read to compute the roots, with a node that reads it."""
    return {node.read: node for node in schedule(roots) if node.read is not None}


def reference(root: Node, inputs: Inputs, num_envs: int) -> Array:
    """The value by the reference evaluator."""
    return evaluate([root], inputs, num_envs)[0]


@dataclass(frozen=True)
class TorchCode:
    """The emitted code of one expression.

    Attributes:
        text: a module with a class ``Task``.
        run: computes the value ``(num_envs, *shape)`` in double precision.
    """

    text: str
    run: Callable[[Inputs, int], Array]


@cache
def torch_code(root: Node) -> TorchCode:
    """The code that the torch back end writes for an expression, ready to run."""
    nodes = schedule([root])
    leaves = {node.id: index for index, node in enumerate(nodes)}

    def leaf(node: Node) -> str:
        if node.op == "tunable":
            path, end = node.attr if isinstance(node.attr, tuple) else (node.attr, None)
            return f"self.cfg.{path}" + (f"[{end}]" if end is not None else "")
        return f"self.leaf_{leaves[node.id]}"

    writer = TorchWriter()
    block = writer.block([root], leaf)
    lines = ["import math", "import torch"]
    if writer.imports:
        lines.append(f"from isaaclab.utils.math import {', '.join(sorted(writer.imports))}")
    lines += ["class Task:", "    def prepare(self):", "        pass"]
    lines += [f"        self.{constant.name} = {constant.text}" for constant in writer.constants]
    lines += ["    def compute(self):"]
    lines += [f"        {step.target} = {step.text}" for step in block.assignments]
    lines += [f"        return {block.results[0].for_all()}"]
    text = "\n".join(lines).replace(".float()", ".double()") + "\n"
    scope: dict[str, Any] = {}
    exec(compile(text, "<emitted>", "exec"), scope)

    def run(inputs: Inputs, num_envs: int) -> Array:
        before = torch.get_default_dtype()
        torch.set_default_dtype(torch.float64)
        try:
            task = scope["Task"]()
            task.num_envs, task.device = num_envs, "cpu"
            task.cfg, task.step_dt = _fields(inputs.tunables), inputs.dt
            for node in nodes:
                if node.op == "prev":
                    setattr(task, f"leaf_{leaves[node.id]}", torch.from_numpy(inputs.previous[node.args[0].id].copy()))
                elif node.read is not None:
                    setattr(task, f"leaf_{leaves[node.id]}", torch.from_numpy(inputs.reads[node.read].copy()))
            task.prepare()
            value = task.compute().numpy()
        except Exception as error:
            error.add_note(text)
            raise
        finally:
            torch.set_default_dtype(before)
        return value

    return TorchCode(text, run)


def _fields(values: Mapping[str, Any]) -> SimpleNamespace:
    groups: dict[str, SimpleNamespace] = {}
    for path, value in values.items():
        group, _, name = path.partition(".")
        setattr(groups.setdefault(group, SimpleNamespace()), name, value)
    return SimpleNamespace(**groups)


def assert_same(left: Array, right: Array, message: str, *, turn: bool = False) -> None:
    """Assert that two values agree to rounding; with ``turn`` as angles, so that pi and -pi are the same."""
    assert left.shape == right.shape, f"{message}: shapes {left.shape} and {right.shape}"
    if np.bool_ in (left.dtype, right.dtype):
        np.testing.assert_array_equal(left, right, err_msg=message)
        return
    if turn:
        with np.errstate(invalid="ignore"):
            left, right = np.exp(1j * left), np.exp(1j * right)
    np.testing.assert_allclose(left, right, rtol=1e-9, atol=1e-9, err_msg=message)
