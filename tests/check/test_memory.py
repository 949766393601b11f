"""``prev`` and ``delta``, and what resets draw: values that depend on more than what is read now."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
import pytest
import torch
from scipy.spatial.transform import Rotation

from stripe_dsl.ir.graph import Read
from stripe_dsl.ir.program import Reset
from stripe_dsl.ir.reference import Array, Inputs
from stripe_dsl.ir.types import Type

from .bench import assert_same, errors, program, reads, reference, torch_code, tunables
from .examples import Values, number, vec3

NUM_ENVS = 64


# ---- prev -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "type"),
    [
        ("prev(knee.pos)", number("rad")),
        ("prev(legs.vel)", number("rad/s", "legs")),
        ("prev(base.lin_vel@body)", vec3("m/s", "body")),
        ("prev(feet.pos)", vec3("m", "env", "feet")),
        ("prev(2 * |base.pos.xy|)", number("m")),
        ("delta(knee.pos)", number("rad")),
        ("delta(feet.pos)", vec3("m", "world", "feet")),
        ("prev(drive)", number("", "legs")),
        ("prev(push)", number()),
    ],
)
def test_memory(text: str, type: Type) -> None:
    """``prev(x)`` has the type of x; ``delta(x)`` is the difference to it."""
    root = program(observe=f"value = {text}").groups[0].items[0].value
    (memory,) = [node for node in (root, *root.args) if node.op == "prev"]
    (operand,) = memory.args
    rng = np.random.default_rng(0)
    given = Inputs(
        reads={read: rng.normal(size=(NUM_ENVS, *node.type.shape)) for read, node in reads([operand, root]).items()},
        previous={operand.id: rng.normal(size=(NUM_ENVS, *operand.type.shape))},
    )
    want = given.previous[operand.id]
    if text.startswith("delta"):
        want = reference(operand, given, NUM_ENVS) - want
    assert (root.type.kind, root.type.axis, root.type.dim, root.type.frame) == (
        type.kind,
        type.axis,
        type.dim,
        type.frame,
    )
    assert_same(reference(root, given, NUM_ENVS), want, text)
    assert_same(torch_code(root).run(given, NUM_ENVS), want, text)


def test_an_action_changes_between_steps() -> None:
    (term,) = program(reward="jerk = -1.0 * |delta(drive)|^2").rewards
    (memory,) = [node for node in _walk(term.value) if node.op == "prev"]
    now, before = np.random.default_rng(0).normal(size=(2, NUM_ENVS, 3))
    given = Inputs({Read("", "action.drive"): now}, previous={memory.args[0].id: before})
    assert_same(reference(term.value, given, NUM_ENVS), ((now - before) ** 2).sum(-1), "delta of an action")


def _walk(node: object) -> Iterator[object]:
    from stripe_dsl.ir.graph import walk

    return walk([node])  # type: ignore[list-item]


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("prev(1.5)", "E0503"),
        ("prev(prev(knee.pos))", "E0503"),
        ("prev(drive > 0)", "E0504"),
        ("delta(drive)", "E0504"),
        # rotations are no numbers
        ("|base.rot|", "E0302"),
        ("base.rot + base.rot", "E0302"),
        ("-base.rot", "E0302"),
        ("sum(feet.rot)", "E0302"),
        ("delta(base.rot)", "E0302"),
        ("clip(base.rot, 0..1)", "E0302"),
        ("mean(legs.pos > 0 where legs.vel > 0)", "E0306"),
        ("clip(knee.pos, legs.lower, pair.upper)", "E0301"),
        ("mean(legs.pos where pair.vel > 0)", "E0301"),
    ],
)
def test_refused(text: str, code: str) -> None:
    assert errors(observe=f"value = {text}") == [code]


# ---- resets -----------------------------------------------------------------------------------------------------


class TorchDraws:
    """Gives the reference evaluator the numbers that torch draws from the same seed."""

    def random(self, size: tuple[int, ...]) -> Array:
        return torch.rand(size, dtype=torch.float64).numpy()

    def standard_normal(self, size: tuple[int, ...]) -> Array:
        return torch.randn(size, dtype=torch.float64).numpy()


@dataclass(frozen=True)
class Drawing:
    """A reset, its value from what is read and from draws, and the bounds that it must fill.

    Attributes:
        formula: gets the values and ``draw(low, high, *shape)``, to be called in the order of the text;
            ``draw(mean, deviation, *shape, normal=True)`` is a normal draw.
    """

    text: str
    formula: Callable[[Values, Callable[..., Array]], Array]


RESETS = [
    Drawing("legs.pos = -1..1 rad", lambda v, draw: draw(-1, 1, 3)),
    Drawing("legs.pos = +-10 deg", lambda v, draw: draw(-np.pi / 18, np.pi / 18, 3)),
    Drawing("legs.pos = default + (-1..1 rad)", lambda v, draw: v["legs.default"] + draw(-1, 1, 3)),
    Drawing("legs.pos = default * (0.5..1.5)", lambda v, draw: v["legs.default"] * draw(0.5, 1.5, 3)),
    Drawing("legs.pos = default - (0..1 rad) / 2", lambda v, draw: v["legs.default"] - draw(0, 1, 3) / 2),
    Drawing(
        "legs.pos = (-1..1 rad) + (-1..1 rad)",
        lambda v, draw: draw(-1, 1, 3) + draw(-1, 1, 3),  # two draws from one range are two numbers
    ),
    Drawing(
        "legs.pos = legs.lower + (0..1) * (legs.upper - legs.lower)",
        lambda v, draw: v["legs.lower"] + draw(0, 1, 3) * (v["legs.upper"] - v["legs.lower"]),
    ),
    Drawing("legs.vel = default + (0..2 rad/s)", lambda v, draw: v["legs.default_vel"] + draw(0, 2, 3)),
    Drawing("legs.pos = 0.5 rad", lambda v, draw: np.full(v.num_envs, 0.5)),
    Drawing("legs.pos = limit", lambda v, draw: np.full(v.num_envs, 0.75)),
    Drawing("legs.pos = default", lambda v, draw: v["legs.default"]),
    Drawing("legs.pos = -limit..limit", lambda v, draw: draw(-0.75, 0.75, 3)),
    Drawing("knee.pos = default + (-1..1 rad)", lambda v, draw: v["knee.default"] + draw(-1, 1)),
    Drawing("slider.vel = -1..2 cm/s", lambda v, draw: draw(-0.01, 0.02)),
    Drawing("base.pos = default + (+-0.5 m)", lambda v, draw: v["base.default_pos"] + draw(-0.5, 0.5, 3)),
    Drawing("base.pos.xy = default + (+-0.5 m)", lambda v, draw: v["base.default_pos"][:, :2] + draw(-0.5, 0.5, 2)),
    Drawing("base.pos.xz = +-0.5 m", lambda v, draw: draw(-0.5, 0.5, 2)),
    Drawing("base.pos.z = 0.5..1 m", lambda v, draw: draw(0.5, 1)),
    Drawing("base.pos = (1, 2, 3) m", lambda v, draw: np.tile([1.0, 2.0, 3.0], (v.num_envs, 1))),
    Drawing("base.yaw = -180..180 deg", lambda v, draw: draw(-np.pi, np.pi)),
    Drawing("base.yaw = default + (-90..90 deg)", lambda v, draw: v["base.default_yaw"] + draw(-np.pi / 2, np.pi / 2)),
    Drawing("base.lin_vel.x = 1..2 m/s", lambda v, draw: draw(1, 2)),
    Drawing("base.ang_vel = +-1 rad/s", lambda v, draw: draw(-1, 1, 3)),
    Drawing("legs.pos = gaussian(1 rad, 20 deg)", lambda v, draw: draw(1, np.pi / 9, 3, normal=True)),
    Drawing(
        "legs.pos = default + gaussian(0 rad, limit)", lambda v, draw: v["legs.default"] + draw(0, 0.75, 3, normal=True)
    ),
    Drawing("base.pos.z = gaussian(1 m, 1 cm)", lambda v, draw: draw(1, 0.01, normal=True)),
    Drawing("base.lin_vel = gaussian(0 m/s, 2 m/s)", lambda v, draw: draw(0, 2, 3, normal=True)),
    Drawing(
        "base.lin_vel = (1..2 m/s, 0, gaussian(0 m/s, 1 m/s))",
        lambda v, draw: np.stack([draw(1, 2), v.all(0.0), draw(0, 1, normal=True)], axis=-1),
    ),
    Drawing(
        "base.pos.xy = default + (+-1 cm, 0..1 m)",
        lambda v, draw: v["base.default_pos"][:, :2] + np.stack([draw(-0.01, 0.01), draw(0, 1)], axis=-1),
    ),
    Drawing("legs.vel = default + shared(0..2 rad/s)", lambda v, draw: v["legs.default_vel"] + draw(0, 2)[:, None]),
    Drawing("legs.pos = shared(+-1 rad) * (0.5..1.5)", lambda v, draw: draw(-1, 1)[:, None] * draw(0.5, 1.5, 3)),
    Drawing(
        "legs.pos = default + shared(gaussian(0 rad, 1 rad))",
        lambda v, draw: v["legs.default"] + draw(0, 1, normal=True)[:, None],
    ),
    Drawing("base.lin_vel = shared(+-1 m/s)", lambda v, draw: draw(-1, 1)),
    Drawing("base.rot = default", lambda v, draw: v["base.default_rot"]),
    Drawing("base.rot = rpy(10 deg, 0 deg, any)", lambda v, draw: quat(np.pi / 18, 0.0, draw(-np.pi, np.pi))),
    Drawing(
        "base.rot = compose(default, rpy(+-1 rad, gaussian(0 rad, 0.1 rad), 0..3 rad))",
        lambda v, draw: product(v["base.default_rot"], quat(draw(-1, 1), draw(0, 0.1, normal=True), draw(0, 3))),
    ),
    Drawing("base.rot = any", lambda v, draw: turned_anyhow(draw)),
    Drawing(
        "legs.pos = default + ((+-1 rad) if chance(30 %))",  # one chance for all joints
        lambda v, draw: v["legs.default"] + np.where(draw(0, 1)[:, None] < 0.3, draw(-1, 1, 3), 0),
    ),
    Drawing(
        "base.pos.z = 1..2 m if chance(0.5) else gaussian(3 m, 1 cm)",
        lambda v, draw: np.where(draw(0, 1) < 0.5, draw(1, 2), draw(3, 0.01, normal=True)),
    ),
    Drawing("base.yaw = any", lambda v, draw: draw(-np.pi, np.pi)),
]


def quat(roll: Any, pitch: Any, yaw: Any) -> Array:
    """Quaternions (x, y, z, w) of rotations about the fixed axes x, y and z, as SciPy has them."""
    angles = np.broadcast_arrays(roll, pitch, yaw)
    return Rotation.from_euler("xyz", np.stack([*angles], axis=-1)).as_quat()


def product(first: Array, second: Array) -> Array:
    """Hamilton's product; the quaternions that a test reads are of any length."""
    u, a, v, b = first[:, :3], first[:, 3:], second[:, :3], second[:, 3:]
    return np.concatenate([a * v + b * u + np.cross(u, v), a * b - (u * v).sum(axis=1, keepdims=True)], axis=1)


def turned_anyhow(draw: Callable[..., Array]) -> Array:
    """The angle about y is drawn by its sine."""
    roll, sine, yaw = draw(-np.pi, np.pi), draw(-1, 1), draw(-np.pi, np.pi)
    return quat(roll, np.arcsin(sine), yaw)


def test_all_rotations_are_equally_likely() -> None:
    """A fixed direction comes to lie anywhere on the sphere; the angle of the turn has the density (1 - cos) / pi."""
    (reset,) = program(reset="base.rot = any").resets
    rotations = Rotation.from_quat(reference(reset.value, Inputs({}, {}), 20000))
    for axis in np.eye(3):
        for column in rotations.apply(axis).T:  # Archimedes: each coordinate is uniform
            counts, _ = np.histogram(column, bins=10, range=(-1, 1))
            assert np.all(np.abs(counts - 2000) < 5 * np.sqrt(2000))
    counts, edges = np.histogram(rotations.magnitude(), bins=10, range=(0, np.pi))
    expected = 20000 * np.diff(edges - np.sin(edges)) / np.pi
    assert np.all(np.abs(counts - expected) < 5 * np.sqrt(expected) + 5)


@pytest.mark.parametrize("case", RESETS, ids=[case.text for case in RESETS])
def test_reset(case: Drawing) -> None:
    """A range is drawn for every environment and element, once for each time that it is written."""
    task = program(reset=case.text)
    (reset,) = task.resets
    rng = np.random.default_rng(1)
    given = Inputs(
        {read: rng.normal(size=(NUM_ENVS, *node.type.shape)) for read, node in reads([reset.value]).items()},
        tunables(task),
        rng=TorchDraws(),  # type: ignore[arg-type]
    )
    torch.manual_seed(7)

    def draw(low: float, high: float, *shape: int, normal: bool = False) -> Array:
        if normal:
            return low + high * TorchDraws().standard_normal((NUM_ENVS, *shape))
        return low + (high - low) * TorchDraws().random((NUM_ENVS, *shape))

    want = case.formula(Values(given.reads, NUM_ENVS), draw)
    torch.manual_seed(7)
    assert_same(reference(reset.value, given, NUM_ENVS), want, f"{case.text}: reference")
    torch.manual_seed(7)
    code = torch_code(reset.value)
    assert_same(code.run(given, NUM_ENVS), want, f"{case.text}: torch\n{code.text}")


def test_ranges_of_resets_are_fields_of_the_cfg() -> None:
    task = program(reset="legs.pos = default + (-20..20 deg)")
    (path,) = [path for path in tunables(task) if path.startswith("reset.")]
    assert tunables(task)[path] == pytest.approx((-np.pi / 9, np.pi / 9))
    (reset,) = task.resets
    given = Inputs({read: np.zeros((NUM_ENVS, 3)) for read in reads([reset.value])}, {path: (2.0, 3.0)})
    assert 2 <= reference(reset.value, given, NUM_ENVS).min() < reference(reset.value, given, NUM_ENVS).max() < 3


def test_parts_of_a_reset_are_kept() -> None:
    def only(text: str) -> Reset:
        (reset,) = program(reset=text).resets
        return reset

    assert (only("base.pos.xz = +-1 m").quantity, only("base.pos.xz = +-1 m").parts) == ("root.pos", "xz")
    assert only("pair.pos = 0 rad").joints == ("hip_c", "hip_a")
