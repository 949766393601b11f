"""Runs the Warp kernels that are written for graphs on the CPU, many in one module: compiling one takes seconds."""

from __future__ import annotations

import dataclasses
import importlib.util
import shutil
import subprocess
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import warp as wp
from ir.strategies import Program

from emit.rasters import functions
from stripe_dsl.emit.identifiers import literal
from stripe_dsl.emit.layout import layout
from stripe_dsl.emit.naming import tunable_path, word
from stripe_dsl.emit.values import Precedence, Value, call, infix
from stripe_dsl.emit.warp.kernel import Kernel
from stripe_dsl.emit.warp.leaves import Leaf, Leaves, array, dtype
from stripe_dsl.emit.warp.loop import Loop
from stripe_dsl.emit.warp.module import Module
from stripe_dsl.emit.warp.operators import VECTORS
from stripe_dsl.ir.graph import Node
from stripe_dsl.ir.ops import DRAWS
from stripe_dsl.ir.program import Program as Task
from stripe_dsl.ir.rasters import Raster
from stripe_dsl.ir.reference import Array, Inputs
from stripe_dsl.ir.schedule import schedule
from stripe_dsl.ir.types import Type
from stripe_dsl.pipeline import check_source
from stripe_dsl.source import SourceFile

CARTPOLE = Path(__file__).parents[2] / "examples" / "cartpole.stripe"


@cache
def task() -> Task:
    """A task without settings, for the parts of a module that speak of one."""
    (program,) = check_source(SourceFile("cartpole.stripe", CARTPOLE.read_text(encoding="utf-8"))).programs
    return dataclasses.replace(program, tunables=(), robots=())


class Draws:
    """Gives the reference evaluator the shares that the kernels read, in the order of the graph."""

    def __init__(self, shares: Sequence[Array]) -> None:
        self._shares = iter(shares)

    def random(self, size: tuple[int, ...]) -> Array:
        """Numbers in [0, 1)."""
        share = next(self._shares)
        assert share.shape == size
        return share

    standard_normal = random


@dataclass
class Written:
    """One kernel that computes the roots of a program.

    Attributes:
        name: of the function.
        program: with values that single precision can hold.
        lets: names of nodes, by id.
        fresh: whether an episode has just begun (N,), for kernels that remember; ``None`` for those that do not.
        seed: of draws that the kernel makes as a reset does; without one it reads shares that the reference knows.
        values: what each argument is launched with.
    """

    name: str
    program: Program
    lets: Mapping[int, str] = field(default_factory=dict)
    fresh: Array | None = None
    seed: int | None = None
    kernel: Kernel = field(init=False)
    reset: Leaf = field(init=False)
    values: dict[str, Any] = field(default_factory=dict)
    shares: dict[int, Array] = field(default_factory=dict)

    def write(self, module: Module) -> None:
        """Write the kernel."""
        rng = np.random.default_rng(0)
        for node in schedule(self.program.roots):
            if node.op in DRAWS:
                draw = rng.random if node.op == "uniform" else rng.standard_normal
                self.shares[node.id] = single(draw((self.program.num_envs, *node.type.shape)))
        self.reset = Leaves(task(), module).reset({})
        self.values["self.step_dt"] = self.program.inputs.dt
        self.kernel = kernel = Kernel(module, self.leaf, self.lets, ("fresh", "rng"), remembers=self.fresh is not None)
        if self.seed is not None:
            kernel.line(f"rng = wp.rand_init({self.seed}, env)")
        if self.fresh is not None and any(node.op == "prev" for node in schedule(self.program.roots)):
            name = self.argument("just_begun", "wp.array(dtype=wp.bool)", to_warp(self.fresh, "wp.bool"))
            kernel.line(f"fresh = {name}[env]")
        roots = self.program.roots
        kernel.plan(roots)
        kernel.compute(roots)
        for number, root in enumerate(roots):
            empty = np.full((self.program.num_envs, *root.type.shape), np.nan)
            out = self.argument(f"out_{number}", array(root.type), to_warp(empty, dtype(root.type)))
            if root.type.axis is None:
                kernel.statement(f"{out}[env] = ", kernel.value(root).text)
                continue
            with kernel.loop(root.type.axis, [root]) as loop:
                loop.line(f"{out}[env, i] = {loop.value(root).text}")

    def argument(self, name: str, annotation: str, value: object) -> str:
        """An argument of the kernel."""
        self.values[name] = value
        return self.kernel.parameter(name, annotation, name)

    def leaf(self, kernel: Kernel, loop: Loop | None, node: Node) -> Value:
        """Reads, memories and draws are arrays, settings are arguments of their own."""
        inputs = self.program.inputs
        match node.op:
            case "tunable":
                path, end = tunable_path(node.attr)
                return self.tunable(loop, path.replace(".", "_"), inputs.tunables[path], node.type, end)
            case "uniform" | "gaussian" if self.seed is not None:
                return self.reset(kernel, loop, node)
            case "uniform" | "gaussian":
                return self.drawn(loop, node)
            case "sample" if isinstance(node.attr, tuple):
                kind, field = map(str, node.attr)
                element = "wp.vec3" if kind == "nearest" else "float"
                value = to_warp(inputs.fields[field].values, element)
                return Value(self.argument(f"{field}_field", f"wp.array3d(dtype={element})", value))
            case "spot":
                value = to_warp(inputs.fields[str(node.attr)].values, "wp.vec2")
                return Value(self.argument(str(node.attr), "wp.array2d(dtype=wp.vec2)", value))
            case "prev":
                operand = node.args[0]
                memory = self.element(loop, f"previous_{operand.id}", inputs.previous[operand.id], node.type)
                if not kernel.operands(node):
                    return memory
                return call("wp.where", [Value("fresh"), (loop or kernel).value(operand), memory])
            case "state" | "old":
                values = inputs.states if node.op == "state" else inputs.old
                return self.element(loop, f"{node.op}_{node.attr}", values[str(node.attr)], node.type)
            case _:
                assert node.read is not None
                name = word("_".join([node.read.quantity, *node.read.names]))
                return self.element(loop, name, inputs.reads[node.read], node.type)

    def element(self, loop: Loop | None, name: str, value: Array, type: Type) -> Value:
        """An element of an argument that has one for each environment."""
        name = self.argument(name, array(type), to_warp(value, dtype(type)))
        return Value(f"{name}[env, {loop.index}]" if loop is not None and type.axis is not None else f"{name}[env]")

    def tunable(self, loop: Loop | None, name: str, value: object, type: Type, end: str) -> Value:
        """A setting: a list is an array, a pair a vector."""
        if type.axis is not None:
            assert loop is not None
            name = self.argument(name, f"wp.array(dtype={dtype(type)})", to_warp(np.array(value), dtype(type)))
            return Value(f"{name}[{loop.index}]")
        size = len(value) if isinstance(value, tuple) else 1
        return Value(f"{self.argument(name, VECTORS.get(size, 'float'), value)}{end}")

    def drawn(self, loop: Loop | None, node: Node) -> Value:
        """``low + share * (high - low)``, ``mean + share * deviation``: as the reference draws, with known shares."""
        share = self.element(loop, f"share_{node.id}", self.shares[node.id], node.type)
        parts = []
        for place in range(node.type.components):
            low, high, part = (
                Value(f"{text}[{place}]") if type.components > 1 else Value(text, Precedence.UNARY)
                for text, type in [
                    *(((loop or self.kernel).name(arg), arg.type) for arg in node.args),
                    (share.text, node.type),
                ]
            )
            width = infix("-", Precedence.SUM, high, low) if node.op == "uniform" else high
            parts.append(infix("+", Precedence.SUM, low, infix("*", Precedence.PRODUCT, part, width)))
        return parts[0] if len(parts) == 1 else call(VECTORS[len(parts)], parts)

    @property
    def text(self) -> str:
        """The source of the kernel."""
        parameters = [f"    {item.name}: {item.annotation}," for item in self.kernel.parameters.values()]
        return "\n".join(
            ["@wp.kernel", f"def {self.name}(", *parameters, "):", "    env = wp.tid()", *self.kernel.lines]
        )

    def inputs(self, roots: Sequence[Node] = ()) -> Inputs:
        """What the reference reads for some of the roots: the present instead of the past of an episode just begun."""
        given, nodes = self.program.inputs, schedule(roots or self.program.roots)
        previous = dict(given.previous)
        for node in nodes:
            if node.op == "prev" and self.fresh is not None:
                (operand,) = node.args
                assert operand.read is not None
                fresh = self.fresh.reshape(-1, *[1] * len(node.type.shape))
                previous[operand.id] = np.where(fresh, given.reads[operand.read], given.previous[operand.id])
        draws: Any = Draws([self.shares[node.id] for node in nodes if node.op in DRAWS])
        return dataclasses.replace(given, previous=previous, rng=draws)


def single(value: Any) -> Any:
    """The nearest values that single precision holds, as doubles."""
    if isinstance(value, tuple):
        return tuple(map(single, value))
    value = np.asarray(value)
    value = value if value.dtype == np.bool_ else value.astype(np.float32).astype(np.float64)
    return value if value.ndim else value.item()


def rounded(program: Program) -> Program:
    """The program with values that single precision holds."""
    given = program.inputs
    inputs = Inputs(
        {key: single(value) for key, value in given.reads.items()},
        {key: single(value) for key, value in given.tunables.items()},
        {key: single(value) for key, value in given.previous.items()},
        states={key: single(value) for key, value in given.states.items()},
        old={key: single(value) for key, value in given.old.items()},
        dt=single(given.dt),
        fields={key: Raster(single(item.values), item.cell) for key, item in given.fields.items()},
    )
    return Program(program.roots, inputs, program.num_envs)


def to_warp(value: Array, kind: str) -> wp.array:
    """An array of Warp's type that ``kind`` spells."""
    return wp.array(
        value.astype(np.bool_ if kind == "wp.bool" else np.float32),
        dtype=float if kind == "float" else getattr(wp, kind.removeprefix("wp.")),
        device="cpu",
    )


def write(kernels: Sequence[Written]) -> str:
    """Source of a module with these kernels."""
    module = Module(task())
    for kernel in kernels:
        kernel.write(module)
    lines = ["from typing import Any", "", "import warp as wp", "", 'wp.set_module_options({"enable_backward": False})']
    lines += [layout(f"{name} = ", literal(members)) for members, name in module.sets.items()]
    lines += [layout(f"{name} = ", text) for name, text in module.constants]
    if any(kernel.program.inputs.fields for kernel in kernels):
        lines.append(functions("warp").replace("from __future__ import annotations\n", ""))
    blocks = ["\n".join(lines), *module.helpers, *(kernel.text for kernel in kernels)]
    return "\n\n\n".join(blocks) + "\n"


def load(text: str, path: Path) -> Any:
    """The module of this source; Warp reads it from the file."""
    path.write_text(text, encoding="utf-8")
    spec = importlib.util.spec_from_file_location(path.stem, path)
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[path.stem] = module  # Warp looks there for what annotations speak of
    spec.loader.exec_module(module)
    return module


def run(kernels: Sequence[Written], path: Path) -> list[list[Array]]:
    """Values of the roots of each program, ``(N, *root.type.shape)``, by kernels of one module."""
    wp.config.quiet = True
    module = load(write(kernels), path)
    results = []
    for written in kernels:
        arguments = [written.values[host] for host in written.kernel.parameters]
        wp.launch(getattr(module, written.name), dim=written.program.num_envs, inputs=arguments, device="cpu")
        outputs = (written.values[f"out_{number}"].numpy() for number in range(len(written.program.roots)))
        results.append([value if value.dtype == np.bool_ else value.astype(np.float64) for value in outputs])
    return results


def ruff(*arguments: str) -> tuple[int, str]:
    """Status and output of the linter or formatter."""
    found = shutil.which("ruff", path=str(Path(sys.executable).parent)) or shutil.which("ruff")
    assert found, "the development group installs ruff"
    action, *rest = arguments
    command = [found, action, "--isolated", "--no-cache", "--line-length", "120", *rest]
    result = subprocess.run(command, capture_output=True, text=True, check=False)
    return result.returncode, result.stdout
