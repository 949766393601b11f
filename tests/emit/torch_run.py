"""Runs the torch code that is written for a graph, as a method of a small class with the members that it expects."""

from __future__ import annotations

from dataclasses import replace
from types import SimpleNamespace

import numpy as np
import torch
from ir.strategies import Program

from emit.rasters import functions
from stripe_dsl.emit.layout import layout
from stripe_dsl.emit.torch.expressions import TorchWriter
from stripe_dsl.emit.torch.helpers import DAMPED_SOLUTION
from stripe_dsl.ir.graph import Node
from stripe_dsl.ir.ops import DRAWS
from stripe_dsl.ir.reference import Array, Inputs
from stripe_dsl.ir.schedule import schedule
from stripe_dsl.ir.types import FLOAT

COLUMNS = "abc"


class TorchDraws:
    """Gives the reference evaluator the numbers that torch draws from the same seed."""

    def random(self, size: tuple[int, ...]) -> Array:
        """Numbers in [0, 1)."""
        return torch.rand(*size).numpy()

    def standard_normal(self, size: tuple[int, ...]) -> Array:
        """Normal numbers."""
        return torch.randn(*size).numpy()


def leaf(node: Node) -> str:
    """Where the test's object keeps the value. Single numbers are columns of one tensor, as joints are."""
    match node.op:
        case "tunable" if isinstance(node.attr, tuple):
            return f"self.cfg.{node.attr[0]}[{node.attr[1]}]"
        case "tunable":
            return f"self.cfg.{node.attr}"
        case "prev":
            return f"self._previous_{node.args[0].id}"
        case "state" | "old":
            return f"self._{node.op}_{node.attr}"
        case "sample" if isinstance(node.attr, tuple):
            return f"self._{node.attr[1]}"
        case "spot":
            return f"self._{node.attr}, self._envs"
        case _ if node.type == FLOAT:
            assert node.read is not None
            return f"self.robot.data.joint_pos.torch[:, {COLUMNS.index(node.read.quantity[-1])}]"
        case _:
            return f"self.robot.data.{_field(node)}.torch"


def _field(node: Node) -> str:
    assert node.read is not None
    return "_".join([node.read.quantity.replace(".", "_"), *node.read.names])


def write(program: Program, width: int = 120) -> str:
    """Source of a module with a class that computes the roots of the program."""
    # Draws in variables are made in the order of the graph, which is the order of the reference.
    draws = {node.id: "draw" for node in schedule(program.roots) if node.op in DRAWS}
    writer = TorchWriter(draws)
    block = writer.block(program.roots, leaf)
    lines = [f"import {module}" for module in sorted(writer.modules | {"torch"})]
    if writer.imports:
        lines.append(f"from isaaclab.utils.math import {', '.join(sorted(writer.imports))}")
    if any("damped_solution(" in step.text for step in [*block.assignments, *block.results]):
        lines += ["", "", DAMPED_SOLUTION]
    lines += ["", "", "class Task:", "    def prepare(self):", "        pass"]
    lines += [layout(f"self.{constant.name} = ", constant.text, 8, width) for constant in writer.constants]
    lines += ["", "    def compute(self):"]
    lines += [layout(f"{step.target} = ", step.text, 8, width) for step in block.assignments]
    results = ", ".join(result.for_all() for result in block.results)
    lines += [layout("return ", f"[{results}]", 8, width)]
    return "\n".join(lines) + "\n"


def run(program: Program, dtype: torch.dtype, seed: int = 0) -> list[Array]:
    """Values of the roots by the emitted code, with all its numbers of the dtype."""
    text = write(program, width=80)
    if dtype is torch.float64:
        text = text.replace(".float()", ".double()")
    before = torch.get_default_dtype()
    torch.set_default_dtype(dtype)
    try:
        torch.manual_seed(seed)
        scope: dict = {}
        if program.inputs.fields:
            exec(compile(functions("torch"), "<ground>", "exec"), scope)
        exec(compile(text, "<emitted>", "exec"), scope)
        task = scope["Task"]()
        _fill(task, program)
        task.prepare()
        results = [value.numpy() for value in task.compute()]
    except Exception as error:
        error.add_note(text)
        raise
    finally:
        torch.set_default_dtype(before)
    for root, result in zip(program.roots, results, strict=True):
        assert result.dtype == (np.bool_ if root.type.is_bool else np.dtype(str(dtype).removeprefix("torch."))), text
    return results


def _fill(task: object, program: Program) -> None:
    def tensor(value: Array) -> torch.Tensor:
        array = torch.as_tensor(np.array(value))
        return array if array.dtype is torch.bool else array.to(torch.get_default_dtype())

    data = {"joint_pos": torch.zeros(program.num_envs, len(COLUMNS))}
    members: dict[str, object] = {"num_envs": program.num_envs, "device": "cpu", "step_dt": program.inputs.dt}
    groups: dict[str, dict[str, object]] = {}
    for node in schedule(program.roots):
        if node.op == "sample" and isinstance(node.attr, tuple):
            members[f"_{node.attr[1]}"] = tensor(program.inputs.fields[str(node.attr[1])].values)
            members["_envs"] = torch.arange(program.num_envs)
        elif node.op == "spot":
            members[f"_{node.attr}"] = tensor(program.inputs.fields[str(node.attr)].values)
            members["_envs"] = torch.arange(program.num_envs)
        elif node.op == "prev":
            members[leaf(node).removeprefix("self.")] = tensor(program.inputs.previous[node.args[0].id])
        elif node.op in ("state", "old"):
            values = program.inputs.states if node.op == "state" else program.inputs.old
            members[leaf(node).removeprefix("self.")] = tensor(values[str(node.attr)])
        elif node.op == "read" and node.type == FLOAT:
            assert node.read is not None
            value = tensor(program.inputs.reads[node.read])
            data["joint_pos"][:, COLUMNS.index(node.read.quantity[-1])] = value
        elif node.op == "read":
            assert node.read is not None
            data[_field(node)] = tensor(program.inputs.reads[node.read])
    for path, value in program.inputs.tunables.items():
        group, _, name = path.partition(".")
        groups.setdefault(group, {})[name] = value
    members["cfg"] = SimpleNamespace(**{name: SimpleNamespace(**fields) for name, fields in groups.items()})
    fields = {name: SimpleNamespace(torch=value) for name, value in data.items()}
    members["robot"] = SimpleNamespace(data=SimpleNamespace(**fields))
    for name, value in members.items():
        setattr(task, name, value)


def with_torch_draws(inputs: Inputs, seed: int = 0) -> Inputs:
    """The inputs with draws as ``run`` makes them. Call and evaluate under the same default dtype."""
    torch.manual_seed(seed)
    return replace(inputs, rng=TorchDraws())  # type: ignore[arg-type]
