"""Every function, operator and quantity of the language as the Warp back end writes it: all in one kernel a block."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import pytest
from emit.agreement import SINGLE, judge
from emit.warp_run import Written, rounded, run
from ir.strategies import Program

from stripe_dsl.ir.graph import Node, Read, walk
from stripe_dsl.ir.reference import Array, Inputs
from stripe_dsl.ir.schedule import schedule
from stripe_dsl.ir.types import Kind, Type

from .bench import program, tunables
from .cases import CASES
from .test_functions import EDGES
from .test_memory import RESETS

NUM_ENVS = 200
OBSERVED = [case.text for case in CASES if case.phase == "observe"]
REWARDED = [case.text for case in CASES if case.phase == "reward" or case.type.is_scalar]
REMEMBERED = ["prev(legs.vel)", "prev(2 * |base.pos.xy|)", "delta(knee.pos)", "delta(feet.pos)", "prev(drive)"]


def blocks() -> Iterator[tuple[str, list[str], list[Node], dict]]:
    """Name, texts and roots of each block, and the settings of its task."""
    texts = [*OBSERVED, *REMEMBERED]
    task = program(observe="; ".join(f"value_{number} = {text}" for number, text in enumerate(texts)))
    yield "observe", texts, [item.value for item in task.groups[0].items], tunables(task)
    task = program(reward="; ".join(f"value_{number} = {text}" for number, text in enumerate(REWARDED)))
    yield "reward", REWARDED, [term.value for term in task.rewards], tunables(task)
    for number, case in enumerate(RESETS):
        task = program(reset=case.text)
        yield f"reset_{number}", [case.text], [reset.value for reset in task.resets], tunables(task)


def values(type: Type, rng: np.random.Generator) -> Array:
    """Numbers with edges among them, conditions, rotations."""
    shape = (NUM_ENVS, *type.shape)
    if type.is_bool:
        return rng.random(shape) < 0.5
    number = rng.normal(scale=2.0, size=shape)
    if type.kind is Kind.QUAT:
        return number / np.linalg.norm(number, axis=-1, keepdims=True)
    return np.where(rng.random(shape) < 0.3, rng.choice(EDGES, size=shape), number)


def inputs(roots: list[Node], numbers: dict) -> Inputs:
    """Values for all that the roots read."""
    rng = np.random.default_rng(3)
    reads: dict[Read, Array] = {}
    previous: dict[int, Array] = {}
    for node in walk(roots):
        if node.read is not None:
            reads.setdefault(node.read, values(node.type, rng))
        if node.op == "prev":
            previous[node.args[0].id] = values(node.type, rng)
    return Inputs(reads, numbers, previous, dt=1 / 30)


type Results = dict[tuple[str, str], tuple[Written, Node, Array]]


@pytest.fixture(scope="module")
def results(tmp_path_factory: pytest.TempPathFactory) -> Results:
    """What the kernels compute, by block and text."""
    found = list(blocks())
    kernels = [
        Written(name, rounded(Program(tuple(roots), inputs(roots, numbers), NUM_ENVS)))
        for name, _, roots, numbers in found
    ]
    computed = run(kernels, tmp_path_factory.mktemp("warp") / "language.py")
    return {
        (name.partition("_")[0], text): (kernel, root, value)
        for (name, texts, roots, _), kernel, each in zip(found, kernels, computed, strict=True)
        for text, root, value in zip(texts, roots, each, strict=True)
    }


@pytest.mark.parametrize(
    ("block", "text"),
    [
        *(("observe", text) for text in [*OBSERVED, *REMEMBERED]),
        *(("reward", text) for text in REWARDED),
        *(("reset", case.text) for case in RESETS),
    ],
)
def test_value(results: Results, block: str, text: str) -> None:
    kernel, root, got = results[block, text]
    alone = Program((root,), kernel.program.inputs, NUM_ENVS)
    shares = [node.id for node in schedule([root]) if node.op == "uniform"]
    assert set(shares) <= set(kernel.shares)
    excused = judge(alone, [got], lambda: kernel.inputs((root,)), SINGLE, lambda: kernel.text)
    assert excused <= 0.06 * got.size  # of `wrap`, where it jumps
