"""The emitted Warp kernels compute what the reference evaluator says: each operator, random graphs, and the edges."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import pytest
from hypothesis import Phase, given, settings
from ir.strategies import FEET, JOINTS, LARGE_INPUTS, Program, programs

from emit.agreement import SINGLE, differs, judge
from emit.cases import CASES, together
from emit.warp_edges import EDGES, LONG, VEC2, VEC3, Sheet
from emit.warp_run import Written, rounded, run
from stripe_dsl.emit.warp.operators import EMITTERS
from stripe_dsl.ir.graph import walk
from stripe_dsl.ir.ops import OPS, REDUCTIONS
from stripe_dsl.ir.reference import Array, evaluate
from stripe_dsl.ir.types import FLOAT, Kind

ODD_NAMES = ("env", "i", "k", "wp", "reward", "float", "rng", "fresh", "policy", "lambda", "total", "JOINTS", "VALUES")


def test_every_operator_has_a_writer() -> None:
    assert set(EMITTERS) | set(REDUCTIONS) == set(OPS)
    assert not set(EMITTERS) & set(REDUCTIONS)


# ---- all kernels in one module ----------------------------------------------------------------------------------


def random_programs(count: int) -> list[Program]:
    """The same programs at every run."""
    found: list[Program] = []

    @settings(
        max_examples=count,
        deadline=None,
        database=None,
        derandomize=True,
        phases=(Phase.generate,),
        suppress_health_check=LARGE_INPUTS,
    )
    @given(programs(depth=4))
    def collect(program: Program) -> None:
        found.append(rounded(program))

    collect()
    return found


def odd_names(program: Program) -> dict[int, str]:
    """Names of some values that mean something else in a kernel."""
    inner = [node for node in walk(program.roots) if node.args]
    return dict(zip((node.id for node in inner[::2]), ODD_NAMES, strict=False))


def written() -> Iterator[Written]:
    """A kernel for each program."""
    for number, program in enumerate(random_programs(120)):
        # every second kernel remembers, every third has names
        fresh = np.arange(program.num_envs) % 2 == 0 if number % 2 else None
        yield Written(f"random_{number}", program, odd_names(program) if number % 3 == 0 else {}, fresh)
    for op in CASES:
        rng = np.random.default_rng(sum(map(ord, op)))
        yield Written(f"operator_{op}", rounded(together(op, rng)))
    for name, build in EDGES.items():
        sheet = Sheet()
        yield Written(f"edge_{name}", rounded(sheet.program(list(build(sheet)))))
    yield Written("wrapped", rounded(turns()))
    yield Written("drawn", draws(), seed=7)
    yield Written("drawn_again", draws(), seed=8)


type Results = dict[str, tuple[Written, list[Array]]]


@pytest.fixture(scope="module")
def results(tmp_path_factory: pytest.TempPathFactory) -> Results:
    """All kernels with the values of their roots, from one module."""
    kernels = list(written())
    values = run(kernels, tmp_path_factory.mktemp("warp") / "kernels.py")
    return {kernel.name: (kernel, value) for kernel, value in zip(kernels, values, strict=True)}


def test_random_graphs(results: Results) -> None:
    total = excused = 0
    for name, (kernel, got) in results.items():
        if name.startswith("random_"):
            total += sum(value.size for value in got)
            excused += judge(kernel.program, got, kernel.inputs, SINGLE, lambda kernel=kernel: kernel.text)
    assert total > 1000
    assert excused <= 0.01 * total


@pytest.mark.parametrize("op", OPS)
def test_operator(results: Results, op: str) -> None:
    kernel, got = results[f"operator_{op}"]
    assert judge(kernel.program, got, kernel.inputs, SINGLE, lambda: kernel.text) == 0


@pytest.mark.parametrize("name", EDGES)
def test_edge(results: Results, name: str) -> None:
    kernel, got = results[f"edge_{name}"]
    want = evaluate(kernel.program.roots, kernel.inputs(), kernel.program.num_envs)
    for root, result, value in zip(kernel.program.roots, got, want, strict=True):
        wrong = differs(result, value, 3e-6)
        assert not wrong.any(), f"{kernel.text}\n{root}\nwant {value[wrong]}\ngot {result[wrong]}"


def test_every_operator_is_compared_in_every_shape(results: Results) -> None:
    found: dict[str, set[tuple[str, Kind, bool]]] = {}
    for name, (kernel, _) in results.items():
        nodes = walk(kernel.program.roots)
        group = found.setdefault(name.partition("_")[0], set())
        group |= {(node.op, node.type.kind, node.type.axis is not None) for node in nodes}
    wanted = {(op, type.kind, type.axis is not None) for op, cases in CASES.items() for _, type, _ in cases}
    assert found["operator"] >= wanted
    assert {op for op, _, _ in found["operator"]} == set(OPS)
    # random graphs put them inside one another
    assert len({op for op, _, _ in found["random"]}) >= 0.8 * len(OPS), set(OPS) - {op for op, _, _ in found["random"]}


# ---- angles and draws -------------------------------------------------------------------------------------------


def turns() -> Program:
    """``wrap`` about multiples of np.pi."""
    sheet = Sheet()
    near = np.array((-1e-2, -1e-6, 0.0, 1e-6, 1e-2))
    angles = (np.arange(-9, 10)[:, None] * np.pi + near).ravel()
    return sheet.program([sheet("wrap", sheet.read(np.concatenate([angles, (100.3, -1000.7, 12345.6)])))])


def test_wrapped_angles_are_equal_and_in_range(results: Results) -> None:
    kernel, (got,) = results["wrapped"]
    (angle,) = kernel.program.inputs.reads.values()
    assert np.all(np.abs(got) <= np.float32(np.pi))
    error = np.abs(np.exp(1j * got) - np.exp(1j * angle))
    assert np.all(error <= 3e-7 * np.maximum(np.abs(angle), np.pi))
    near = np.float32(np.pi)
    assert np.all(got[angle == near] == near)
    assert np.all(got[angle == -near] == -near)


NUM_DRAWS = 20000
RANGES = {"one": (-1.0, 3.0), "list": (0.0, 0.5), "vector": (-2.0, -1.0), "vectors": (5.0, 6.0), "long": (-1.0, 1.0)}


def draws() -> Program:
    """Draws of every shape; one with bounds that are vectors, and two that stand for all components and members."""
    sheet = Sheet()
    sheet.read(np.zeros(NUM_DRAWS))
    types = (FLOAT, FLOAT.with_(axis=JOINTS), VEC3, VEC2.with_(axis=FEET), FLOAT.with_(axis=LONG))
    roots = [
        sheet("uniform", *map(sheet.const, bounds), type=type, attr=float(number))
        for number, (type, bounds) in enumerate(zip(types, RANGES.values(), strict=True))
    ]
    bounds = sheet.const((0.0, 1.0, 2.0), VEC3), sheet.const((1.0, 3.0, 5.0), VEC3)
    one, other = (sheet("uniform", sheet.const(0.0), sheet.const(1.0), attr=number) for number in (10.0, 11.0))
    alike = sheet("min", sheet.const((2.0, 2.0, 2.0), VEC3), one, type=VEC3)
    members = sheet("mul", sheet.const(1.0, FLOAT.with_(axis=JOINTS)), other, type=FLOAT.with_(axis=JOINTS))
    normal = [
        sheet("gaussian", sheet.const(2.0), sheet.const(0.5), type=type) for type in (VEC3, FLOAT.with_(axis=JOINTS))
    ]
    return sheet.program([*normal, *roots, sheet("uniform", *bounds, type=VEC3), alike, members])


def test_draws_fill_their_range_evenly_and_are_independent(results: Results) -> None:
    got = results["drawn"][1][2:]
    shares = []
    for value, (low, high) in zip(got, RANGES.values(), strict=False):
        shares.append((value.reshape(NUM_DRAWS, -1) - low) / (high - low))
    shares.append((got[-3] - np.array((0.0, 1.0, 2.0))) / np.array((1.0, 2.0, 3.0)))
    for value in got[-2:]:  # one draw for all
        assert np.all(value == value[:, :1])
        shares.append(value[:, :1])
    columns = np.concatenate(shares, axis=1)
    assert columns.shape == (NUM_DRAWS, 1 + 3 + 3 + 4 + 20 + 3 + 1 + 1)
    assert np.all((columns >= 0) & (columns <= 1))
    # five standard errors
    assert np.all(np.abs(columns.mean(axis=0) - 0.5) < 5 * np.sqrt(1 / 12 / NUM_DRAWS))
    for column in columns.T:
        counts, _ = np.histogram(column, bins=20, range=(0, 1))
        assert np.all(np.abs(counts - NUM_DRAWS / 20) < 5 * np.sqrt(NUM_DRAWS / 20))
    correlation = np.corrcoef(columns.T) - np.eye(columns.shape[1])
    assert np.all(np.abs(correlation) < 5 / np.sqrt(NUM_DRAWS))


def test_normal_draws_have_their_mean_and_deviation(results: Results) -> None:
    columns = np.concatenate(results["drawn"][1][:2], axis=1)
    shares = (columns - 2.0) / 0.5
    assert shares.shape == (NUM_DRAWS, 3 + 3)
    assert np.all(np.abs(shares.mean(axis=0)) < 5 / np.sqrt(NUM_DRAWS))
    assert np.all(np.abs(shares.var(axis=0) - 1) < 5 * np.sqrt(2 / NUM_DRAWS))
    assert abs((shares**4).mean() - 3) < 0.3
    correlation = np.corrcoef(shares.T) - np.eye(shares.shape[1])
    assert np.all(np.abs(correlation) < 5 / np.sqrt(NUM_DRAWS))


def test_another_seed_draws_other_numbers(results: Results) -> None:
    first, second = (np.concatenate([value.ravel() for value in results[name][1]]) for name in ("drawn", "drawn_again"))
    assert np.mean(first == second) < 1e-3
