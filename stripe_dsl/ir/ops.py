"""The operators of the graph, in one table: how many operands they take and what they do.

Shapes below are one environment's: ``()`` a number, ``(A,)`` a list over a set of ``A`` members, ``(3,)`` a vector,
``(A, 3)`` a list of vectors. A value with fewer dimensions combines with each element of one with more.
``stripe_dsl.ir.reference`` is the definition; back ends are tested against it.
"""

from __future__ import annotations

UNARY = {
    "neg": "-x",
    "not": "not x (conditions)",
    "abs": "|x| of a number, element-wise",
    "sign": "-1, 0 or 1",
    "exp": "e^x",
    "log": "natural logarithm",
    "sqrt": "square root",
    "sin": "sine of an angle [rad]",
    "cos": "cosine of an angle [rad]",
    "tan": "tangent of an angle [rad]",
    "asin": "arc sine [rad]",
    "acos": "arc cosine [rad]",
    "atan": "arc tangent [rad]",
    "tanh": "hyperbolic tangent",
    "floor": "largest whole number not above x",
    "ceil": "smallest whole number not below x",
    "wrap": "the equal angle in (-pi, pi]; a multiple of 2 pi is added (odd multiples of pi keep their sign)",
    "float": "1.0 where the condition holds, else 0.0",
}
"""Element-wise, one operand."""

BINARY = {
    "add": "a + b",
    "sub": "a - b",
    "mul": "a * b",
    "div": "a / b",
    "pow": "a ^ b with a constant b",
    "min": "the smaller",
    "max": "the larger",
    "atan2": "angle of the point (b, a) [rad]",
    "mod": "a - b * floor(a / b)",
    "lt": "a < b",
    "le": "a <= b",
    "gt": "a > b",
    "ge": "a >= b",
    "eq": "a == b",
    "ne": "a != b",
    "and": "both hold",
    "or": "at least one holds",
}
"""Element-wise, two operands."""

TERNARY = {
    "where": "where(condition, a, b): a where the condition holds, else b",
    "clip": "clip(x, low, high)",
}
"""Element-wise, three operands."""

REDUCTIONS = {
    "sum": "sum over the set; of vectors, per component",
    "mean": "mean over the set",
    "list_max": "largest element",
    "list_min": "smallest element",
    "any": "some element holds",
    "all": "every element holds",
    "count": "how many elements hold, a number",
    "list_norm": "square root of the sum of squares over the set",
    "damped": "damped(J, e, d): y with (sum of outer products of J's members + d^2) y = e: (A, n), (n,), () -> (n,)",
}
"""Over the axis of a list: (A,) -> () and (A, 3) -> (3,)."""

VECTOR = {
    "norm": "Euclidean length: (..., n) -> (...)",
    "dot": "scalar product: two (..., n) -> (...)",
    "cross": "vector product of two vec3",
    "unit": "v / max(|v|, 1e-9), as torch.nn.functional.normalize with eps=1e-9",
    "part": "attr 'x', 'xy', …: components of a vector, (..., n) -> (...) or (..., k)",
    "vec": "a vector from two or three numbers",
    "rotate": "rotate(q, v): v of q's body in the frame that q is given in",
    "rotate_inverse": "rotate_inverse(q, v): v of the frame that q is given in, in q's body",
    "quat_conj": "the rotation back",
    "quat_unique": "the same rotation as the quaternion with w >= 0",
    "yaw_only": "the rotation about world z with the same heading: (4,) -> (4,)",
    "euler": "attr 'roll', 'pitch' or 'yaw' of a rotation [rad], extrinsic xyz angles in (-pi, pi]",
    "quat": "attr 'rpy': a rotation from three angles [rad]",
    "compose": "compose(q, r): first r, then q, two rotations of one shape: (..., 4) -> (..., 4)",
    "rotation_vector": "the axis of a rotation times its angle [rad], the short way round: (4,) -> (3,)",
    "turn": "the rotation about a vector by its length [rad]: (3,) -> (4,)",
    "twist": "a linear and an angular vec3 side by side: two (..., 3) -> (..., 6)",
    "angle_between": "angle of the rotation from one of two to the other [rad], in [0, pi]: (..., 4) -> (...)",
}
"""On the last dimension. Quaternions are (x, y, z, w) of unit length."""

LISTS = {
    "pick": "attr: positions; members of a list in that order, (A, ...) -> (B, ...)",
    "stack": "numbers in the order of the members of the type's axis: A times () -> (A,)",
}
"""On the axis of a list."""

FIELDS = {
    "sample": "attr (kind, name): a field of the scene at a point of the frame env, (..., 2) -> (...), of the "
    "kind 'normal' (..., 2) -> (..., 3); stripe_dsl.ir.rasters defines it",
    "spot": "attr: name of a table of n points; number floor(n u) of a share u in 0..1, at most the last: () -> (2,)",
}
"""What is known of the scene, of which each environment stands on one of some copies."""

LEAVES = {
    "const": "attr: a number, a condition or a tuple of numbers",
    "tunable": "attr: path of a field of the cfg, or (path, position) for one end of a range; a number or a vector",
    "read": "a quantity of the simulation, see Read",
    "uniform": "uniform(low, high): drawn anew for every environment and element at each evaluation",
    "gaussian": "gaussian(mean, deviation): drawn anew as uniform is, from a normal distribution",
    "prev": "prev(x): the value of x at the observation one control step earlier; x itself right after a reset",
    "dt": "the control step [s], one number for all environments",
    "state": "attr: name of a state; its value now, after the update or renewal of this moment",
    "old": "attr: name of a state; its value before the update or renewal that the node stands in",
}
"""Where values come from. ``uniform``, ``gaussian`` and ``prev`` have operands but their value depends on more."""

DRAWS = ("uniform", "gaussian")
"""Leaves that give new numbers at each evaluation."""

OPS: dict[str, str] = {**UNARY, **BINARY, **TERNARY, **REDUCTIONS, **VECTOR, **LISTS, **FIELDS, **LEAVES}
