"""What every operator means, in NumPy. Back ends are tested against this module.

The value of a node is an array ``(N, *node.type.shape)`` for ``N`` environments; conditions are ``bool``. Slow and
plain on purpose, and never imported by ``stripec check``.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import DTypeLike, NDArray

from stripe_dsl.ir.geometry import (
    angle_between,
    compose,
    cross,
    dot,
    euler,
    norm,
    quat,
    quat_conj,
    quat_unique,
    rotate,
    rotate_inverse,
    rotation_vector,
    turn,
    unit,
    yaw_only,
)
from stripe_dsl.ir.graph import Node, Read
from stripe_dsl.ir.rasters import Raster, sample
from stripe_dsl.ir.schedule import schedule
from stripe_dsl.ir.types import Type

type Array = NDArray[Any]


@dataclass(frozen=True, slots=True)
class Inputs:
    """Where the values of the leaves come from.

    Attributes:
        reads: values of the simulation, ``(N, *type.shape)``.
        tunables: values of the cfg by path, numbers or tuples of numbers.
        previous: for ``prev`` nodes, the value one control step ago by the id of their operand.
        rng: source of the draws of ``uniform`` and ``gaussian``.
        states: for ``state`` nodes, the value by name.
        old: for ``old`` nodes, the value by name.
        dt: the control step [s].
        fields: of the scene, by name; environment i stands on copy i modulo their number.
    """

    reads: Mapping[Read, Array] = field(default_factory=dict)
    tunables: Mapping[str, float | tuple[float, ...]] = field(default_factory=dict)
    previous: Mapping[int, Array] = field(default_factory=dict)
    rng: np.random.Generator = field(default_factory=lambda: np.random.default_rng(0))
    states: Mapping[str, Array] = field(default_factory=dict)
    old: Mapping[str, Array] = field(default_factory=dict)
    dt: float = 0.0
    fields: Mapping[str, Raster] = field(default_factory=dict)


def evaluate(roots: Sequence[Node], inputs: Inputs, num_envs: int, dtype: DTypeLike = np.float64) -> list[Array]:
    """The value of each root, ``(num_envs, *root.type.shape)``.

    Each node is computed once, so a ``uniform`` that several expressions share is drawn once. Numbers outside the
    domain of a function give nan or infinity, as IEEE arithmetic does.

    Raises:
        KeyError: a leaf has no value in ``inputs``.
        ValueError: shapes do not combine; the checker refuses such programs.
    """
    values: dict[int, Array] = {}
    for node in schedule(roots):
        args = [] if node.op == "prev" else [values[arg.id] for arg in node.args]
        values[node.id] = evaluate_node(node, args, inputs, num_envs, dtype)
    return [values[root.id] for root in roots]


def with_history(values: Array, fresh: Array, steps: int) -> Array:
    """The last values of an observation, the oldest first, those of a step side by side.

    The first value of an episode stands for those before it, as in Isaac Lab's ``CircularBuffer``.

    Args:
        values: of each step, ``(T, N, width)``.
        fresh: whether an observation is the first of its episode, ``(T, N)``.
        steps: how many values are held.

    Returns:
        Shape ``(T, N, steps * width)``.
    """
    past = np.repeat(values[0][:, None], steps, axis=1)
    rows = []
    for value, first in zip(values, fresh, strict=True):
        moved = np.concatenate([past[:, 1:], value[:, None]], axis=1)
        past = np.where(first[:, None, None], value[:, None], moved)
        rows.append(past.reshape(len(value), -1))
    return np.stack(rows)


def evaluate_node(
    node: Node, args: Sequence[Array], inputs: Inputs, num_envs: int, dtype: DTypeLike = np.float64
) -> Array:
    """The value of one node from the values of its operands. Errors as for ``evaluate``."""
    with np.errstate(all="ignore"):
        leaf = LEAVES.get(node.op)
        value = leaf(node, args, inputs, num_envs) if leaf is not None else FUNCTIONS[node.op](node, *args)
    value = np.asarray(value, dtype=np.bool_ if node.type.is_bool else dtype)
    if value.shape != (num_envs, *node.type.shape):
        raise ValueError(f"{node.op} gave shape {value.shape[1:]}, its type says {node.type.shape}")
    return value


def align(types: Sequence[Type], arrays: Sequence[Array]) -> list[Array]:
    """Views of the arrays that NumPy combines element by element.

    A value without list axis is the same for every member, one without components the same for every component. So a
    number combines with everything, a vector with each vector of a list, a list of numbers with a list of vectors
    member by member, and a list of numbers with a single vector to a list of vectors.
    """
    axis = any(type.axis is not None for type in types)
    components = any(type.components > 1 for type in types)
    views = []
    for type, array in zip(types, arrays, strict=True):
        if axis and type.axis is None:
            array = np.expand_dims(array, 1)
        if components and type.components == 1:
            array = np.expand_dims(array, -1)
        views.append(array)
    return views


def elementwise(function: Callable[..., Array]) -> Callable[..., Array]:
    """An operator that works on aligned operands."""

    def apply(node: Node, *args: Array) -> Array:
        return function(*align([arg.type for arg in node.args], args))

    apply.__doc__ = function.__doc__
    return apply


def reduction(function: Callable[..., Array]) -> Callable[..., Array]:
    """An operator over the list axis, the first after the environments."""

    def apply(node: Node, value: Array) -> Array:
        return function(value, axis=1)

    apply.__doc__ = function.__doc__
    return apply


def on_vectors(function: Callable[..., Array]) -> Callable[..., Array]:
    """An operator on the last dimension; an operand without list axis is the same for every member."""

    def apply(node: Node, *args: Array) -> Array:
        listed = any(arg.type.axis is not None for arg in node.args)
        views = [
            np.expand_dims(value, 1) if listed and arg.type.axis is None else value
            for arg, value in zip(node.args, args, strict=True)
        ]
        return function(*views)

    apply.__doc__ = function.__doc__
    return apply


def wrap(angle: Array) -> Array:
    """The equal angle in (-pi, pi]; odd negative multiples of pi stay -pi."""
    turned = np.mod(angle + np.pi, 2 * np.pi)
    return np.where((turned == 0) & (angle > 0), np.pi, turned - np.pi)


def clip(value: Array, low: Array, high: Array) -> Array:
    """``low`` below it, ``high`` above it; ``high`` where the bounds are crossed."""
    return np.minimum(np.maximum(value, low), high)


def list_norm(value: Array, axis: int) -> Array:
    """Square root of the sum of squares over the set."""
    return np.sqrt(np.sum(np.square(value), axis=axis))


def damped(node: Node, columns: Array, error: Array, damping: Array) -> Array:
    """Damped least squares: the task-space vector whose products with the columns are the steps of the joints."""
    square = np.einsum("...ai,...aj->...ij", columns, columns)
    square = square + damping[..., None, None] ** 2 * np.eye(columns.shape[-1])
    return np.linalg.solve(square, error[..., None])[..., 0]


def twist(linear: Array, angular: Array) -> Array:
    """A linear and an angular vec3 side by side."""
    return np.concatenate(np.broadcast_arrays(linear, angular), axis=-1)


def part(node: Node, vector: Array) -> Array:
    """Components by letter, in the order written; one letter gives a number."""
    positions = ["xyzw".index(letter) for letter in str(node.attr)]
    return vector[..., positions] if len(positions) > 1 else vector[..., positions[0]]


def vec(node: Node, *numbers: Array) -> Array:
    """A vector from its components."""
    return np.stack(np.broadcast_arrays(*align([arg.type for arg in node.args], numbers)), axis=-1)


def pick(node: Node, values: Array) -> Array:
    """Members of a list by position, in the order written."""
    assert isinstance(node.attr, tuple)
    return values[:, [int(position) for position in node.attr]]  # type: ignore[arg-type]


def stack(node: Node, *numbers: Array) -> Array:
    """A list from the values of its members."""
    return np.stack(numbers, axis=1)


def const(node: Node, args: Sequence[Array], inputs: Inputs, num_envs: int) -> Array:
    """The value of the attribute in every environment."""
    return np.broadcast_to(np.asarray(node.attr), (num_envs, *node.type.shape))


def tunable(node: Node, args: Sequence[Array], inputs: Inputs, num_envs: int) -> Array:
    """The value of the cfg's field; of one end of it where the attribute is (path, position)."""
    if isinstance(node.attr, tuple):
        path, position = node.attr
        value = inputs.tunables[str(path)][int(position)]  # type: ignore[index, arg-type]
    else:
        value = inputs.tunables[str(node.attr)]
    return np.broadcast_to(np.asarray(value), (num_envs, *node.type.shape))


def read(node: Node, args: Sequence[Array], inputs: Inputs, num_envs: int) -> Array:
    """The given value of the simulation."""
    assert node.read is not None
    return np.asarray(inputs.reads[node.read])


def uniform(node: Node, args: Sequence[Array], inputs: Inputs, num_envs: int) -> Array:
    """Independent draws between the bounds for every environment and element of the type."""
    share = inputs.rng.random((num_envs, *node.type.shape))
    low, high, share = align([*(arg.type for arg in node.args), node.type], [*args, share])
    return low + share * (high - low)


def gaussian(node: Node, args: Sequence[Array], inputs: Inputs, num_envs: int) -> Array:
    """Independent normal draws with this mean and deviation for every environment and element of the type."""
    share = inputs.rng.standard_normal((num_envs, *node.type.shape))
    mean, deviation, share = align([*(arg.type for arg in node.args), node.type], [*args, share])
    return mean + share * deviation


def prev(node: Node, args: Sequence[Array], inputs: Inputs, num_envs: int) -> Array:
    """The given value of one control step ago."""
    return np.asarray(inputs.previous[node.args[0].id])


def dt(node: Node, args: Sequence[Array], inputs: Inputs, num_envs: int) -> Array:
    """The given control step."""
    return np.broadcast_to(np.asarray(inputs.dt), (num_envs,))


def state(node: Node, args: Sequence[Array], inputs: Inputs, num_envs: int) -> Array:
    """The given value of the memory, as it is now."""
    return np.asarray(inputs.states[str(node.attr)])


def old(node: Node, args: Sequence[Array], inputs: Inputs, num_envs: int) -> Array:
    """The given value of the memory, as it was before this moment."""
    return np.asarray(inputs.old[str(node.attr)])


def sampled(node: Node, args: Sequence[Array], inputs: Inputs, num_envs: int) -> Array:
    """A field of the scene at points."""
    assert isinstance(node.attr, tuple)
    kind, name = map(str, node.attr)
    (points,) = args
    raster = inputs.fields[name]
    copies = np.arange(num_envs).reshape(-1, *[1] * (points.ndim - 2)) % len(raster.values)
    return sample(kind, raster, np.broadcast_to(copies, points.shape[:-1]), points)


def spot(node: Node, args: Sequence[Array], inputs: Inputs, num_envs: int) -> Array:
    """A point of a table, by a share of its length."""
    points = inputs.fields[str(node.attr)].values
    place = np.clip(np.floor(args[0] * points.shape[1]), 0, points.shape[1] - 1).astype(np.int64)
    return points[np.arange(num_envs) % len(points), place]


LEAVES: dict[str, Callable[[Node, Sequence[Array], Inputs, int], Array]] = {
    "const": const,
    "tunable": tunable,
    "read": read,
    "uniform": uniform,
    "gaussian": gaussian,
    "prev": prev,
    "dt": dt,
    "state": state,
    "old": old,
    "sample": sampled,
    "spot": spot,
}
"""Operators whose value does not follow from their operands alone."""

FUNCTIONS: dict[str, Callable[..., Array]] = {
    "neg": elementwise(np.negative),
    "not": elementwise(np.logical_not),
    "abs": elementwise(np.abs),
    "sign": elementwise(np.sign),
    "exp": elementwise(np.exp),
    "log": elementwise(np.log),
    "sqrt": elementwise(np.sqrt),
    "sin": elementwise(np.sin),
    "cos": elementwise(np.cos),
    "tan": elementwise(np.tan),
    "asin": elementwise(np.arcsin),
    "acos": elementwise(np.arccos),
    "atan": elementwise(np.arctan),
    "tanh": elementwise(np.tanh),
    "floor": elementwise(np.floor),
    "ceil": elementwise(np.ceil),
    "wrap": elementwise(wrap),
    "float": elementwise(np.asarray),
    "add": elementwise(np.add),
    "sub": elementwise(np.subtract),
    "mul": elementwise(np.multiply),
    "div": elementwise(np.divide),
    "pow": elementwise(np.power),
    "min": elementwise(np.minimum),
    "max": elementwise(np.maximum),
    "atan2": elementwise(np.arctan2),
    "mod": elementwise(np.mod),
    "lt": elementwise(np.less),
    "le": elementwise(np.less_equal),
    "gt": elementwise(np.greater),
    "ge": elementwise(np.greater_equal),
    "eq": elementwise(np.equal),
    "ne": elementwise(np.not_equal),
    "and": elementwise(np.logical_and),
    "or": elementwise(np.logical_or),
    "where": elementwise(np.where),
    "clip": elementwise(clip),
    "sum": reduction(np.sum),
    "mean": reduction(np.mean),
    "list_max": reduction(np.max),
    "list_min": reduction(np.min),
    "any": reduction(np.any),
    "all": reduction(np.all),
    "count": reduction(np.sum),
    "list_norm": reduction(list_norm),
    "damped": damped,
    "norm": on_vectors(norm),
    "dot": on_vectors(dot),
    "cross": on_vectors(cross),
    "unit": on_vectors(unit),
    "rotate": on_vectors(rotate),
    "rotate_inverse": on_vectors(rotate_inverse),
    "compose": on_vectors(compose),
    "angle_between": on_vectors(angle_between),
    "rotation_vector": on_vectors(rotation_vector),
    "turn": on_vectors(turn),
    "twist": on_vectors(twist),
    "quat_conj": on_vectors(quat_conj),
    "quat_unique": on_vectors(quat_unique),
    "yaw_only": on_vectors(yaw_only),
    "euler": euler,
    "quat": elementwise(quat),
    "part": part,
    "vec": vec,
    "pick": pick,
    "stack": stack,
}
"""Operators that are functions of their operands, called with the node and the operands' values."""
