"""How values change in the mirror: the image of an expression when left and right of a robot change places.

A reflection in the robot's x-z plane (or y-z plane) takes each joint and body to its partner. Vectors that point
(positions, velocities, forces) change the sign of the component across the plane, those that turn (angular velocities,
torques) of the two others. The image of every quantity is known, and from it follows that of an expression, operator
by operator: it is a permutation of the members of a list and a sign for each component.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from itertools import product
from math import isclose

from stripe_dsl.check.images import Image, NoImageError, shaped, text
from stripe_dsl.check.rows import Rows, is_own_image, ones, rows, spread
from stripe_dsl.ir.graph import Node, walk
from stripe_dsl.ir.types import Axis, Kind

POLAR = {"xz": (1.0, -1.0, 1.0), "yz": (-1.0, 1.0, 1.0)}
"""Signs of vectors that point, by plane. Of vectors that turn, they are the opposite."""

TURNING = ("root.ang_vel", "body.ang_vel")
POINTING = ("root.pos", "root.lin_vel", "root.link_lin_vel", "root.gravity")
POINTING += ("body.pos", "body.lin_vel", "body.link_lin_vel")
POINTING += ("body.com", "contact.force", "contact.normal_force", "env.origin")
EVEN = ("body.mass", "contact.peak", "contact.air_time", "contact.contact_time", "contact.last_air_time")
EVEN += ("contact.last_contact_time", "contact.touching", "contact.landed", "contact.lifted", "env.time", "env.dt")
EVEN += ("env.place",)
JOINTS = ("joint.pos", "joint.vel", "joint.acc", "joint.effort")
GAINS = ("joint.stiffness", "joint.damping", "joint.friction", "joint.armature")
CONSTANT = ("joint.default_pos", "joint.lower", "joint.upper", "joint.vel_limit")

ODD_FUNCTIONS = ("sin", "tan", "asin", "atan", "tanh", "sign", "wrap", "neg")
EVEN_FUNCTIONS = ("cos", "abs")
COMPARISONS = ("lt", "le", "gt", "ge", "eq", "ne", "and", "or")


@dataclass(frozen=True, slots=True)
class Mirror:
    """A reflection of one robot.

    Attributes:
        plane: ``xz`` or ``yz``.
        partners: the joint or body that takes the place of each, by kind and name.
        signs: sign of each joint.
        constant: numbers of a quantity that never changes, by joint; ``None`` where they are not known.
        tunables: values of tunables by path.
        actions: joints of each action term.
        states: what a state begins with, by name; for those of commands, the field that it is, such as ``xy``.
    """

    plane: str
    partners: Mapping[tuple[str, str], str]
    signs: Mapping[str, float]
    constant: Callable[[str, str], float | None]
    tunables: Mapping[str, object]
    actions: Mapping[str, tuple[str, ...]]
    states: Mapping[str, tuple[str, Node]]

    @property
    def polar(self) -> tuple[float, ...]:
        """Signs of a vector that points."""
        return POLAR[self.plane]

    @property
    def axial(self) -> tuple[float, ...]:
        """Signs of a vector that turns."""
        return tuple(-sign for sign in self.polar)

    def image(self, node: Node) -> Image:
        """The image of an expression. Raises :class:`NoImageError` where there is none or it is not known."""
        return self._fixed(node, self._find(node, {}))

    def over_joints(self, names: tuple[str, ...]) -> Image:
        """The image of a quantity of these joints."""
        return Image(self._perm(Axis("joint", "", names)), tuple((self.signs[name],) for name in names))

    def _find(self, node: Node, done: dict[int, Image | Rows]) -> Image | Rows:
        """An image, or the numbers of a constant, which have the image that what they stand beside wants."""
        if node.id not in done:
            constant = self._numbers(node, done)
            done[node.id] = constant if constant is not None else self._compute(node, done)
        return done[node.id]

    def _compute(self, node: Node, done: dict[int, Image | Rows]) -> Image:
        if node.op == "read":
            return self._read(node)
        if node.op == "state":
            return self._state(node)
        if node.op in ("sample", "spot"):
            raise NoImageError(f"`{text(node)}` is of a ground that is not its own mirror image")
        found = [self._find(arg, done) for arg in node.args]
        match node.op:
            case "add" | "sub":
                return self._alike(node, found)
            case "mul" | "div":
                return self._product(node, found)
            case "min" | "max":
                return self._even_only(node, found)
            case "where":
                condition = self._fixed(node.args[0], found[0])
                same = self._alike(node, found[1:])
                if not condition.even:
                    raise NoImageError(f"the condition `{text(node.args[0])}` has another side")
                return shaped(same, node, condition)
            case "clip":
                return self._clip(node, found)
            case "atan2":
                across, along = (self._fixed(arg, value) for arg, value in zip(node.args, found, strict=True))
                if not along.even:
                    raise NoImageError(f"`{text(node)}` is an angle from an axis that is turned round")
                return shaped(across, node, along)
            case "rotate" | "rotate_inverse":
                return self._rotated(node, found)
            case "vec" | "stack":
                return self._stacked(node, found)
            case "pick":
                return self._picked(node, found[0])
        images = [self._fixed(arg, value) for arg, value in zip(node.args, found, strict=True)]
        if not images:
            raise NoImageError(f"that of `{text(node)}` is not known")
        return self._of_one(node, images)

    def _of_one(self, node: Node, images: list[Image]) -> Image:
        """Operators for which the images of the operands are all that matters."""
        (first, *rest) = images
        match node.op:
            case "float" | "prev" | "unit" | "yaw_only":
                return first
            case op if op in ODD_FUNCTIONS:
                return first
            case op if op in EVEN_FUNCTIONS:
                return Image(first.perm, ones(first.signs))
            case op if op in COMPARISONS:
                return self._even_only(node, list(images))
            case "part":
                places = ["xyz".index(letter) for letter in str(node.attr)]
                return Image(first.perm, tuple(tuple(row[place] for place in places) for row in first.signs))
            case "euler":
                place = ("roll", "pitch", "yaw").index(str(node.attr))
                return Image(first.perm, tuple((row[place],) for row in first.signs))
            case "pow":
                exponent = node.args[1].attr
                if isinstance(exponent, float | int) and exponent % 2 == 0:
                    return Image(first.perm, ones(first.signs))
                if (isinstance(exponent, float | int) and exponent % 2 == 1) or first.even:
                    return first
            case "norm":
                return Image(first.perm, tuple((1.0,) for _ in first.signs))
            case "list_norm":
                return Image((0,), (tuple(1.0 for _ in first.signs[0]),))
            case "dot":
                return self._dot(node, first, rest[0])
            case "cross":
                return self._cross(node, first, rest[0])
            case "sum" | "mean":
                if len(set(first.signs)) == 1:
                    return Image((0,), (first.signs[0],))
            case "list_max" | "list_min" | "any" | "all" | "count":
                if first.even:
                    return Image((0,), (first.signs[0],))
            case _:
                if all(image.even for image in images):
                    return shaped(first, node, *rest)
        raise NoImageError(f"that of `{text(node)}` is not known")

    # leaves

    def _read(self, node: Node) -> Image:
        read = node.read
        assert read is not None
        quantity = read.quantity.partition("@")[0]
        if quantity.startswith("action."):
            return self.over_joints(self.actions[quantity.removeprefix("action.")])
        if quantity.startswith("target."):
            return self.over_joints(self.actions[quantity.removeprefix("target.")])
        if quantity in JOINTS:
            return self.over_joints(read.names)
        if quantity in GAINS:
            image = self.over_joints(read.names)
            return Image(image.perm, ones(image.signs))
        perm = self._perm(node.type.axis) if node.type.axis is not None else (0,)
        if node.type.axis is None and read.names and self.partners.get(("body", read.names[0])) != read.names[0]:
            raise NoImageError(f"`{read.names[0]}` has its partner on the other side: read both in a list")
        if quantity in ("root.rot", "body.rot"):
            return Image(perm, ((*self.axial, 1.0),) * len(perm))
        for signs, quantities in ((self.polar, POINTING), (self.axial, TURNING)):
            if quantity in quantities:
                return Image(perm, (signs,) * len(perm))
        if quantity in EVEN:
            return Image(perm, ((1.0,),) * len(perm))
        raise NoImageError(f"that of `{text(node)}` is not known")

    def _state(self, node: Node) -> Image:
        """A field of a command: a velocity, a place, an angle or a rate about the vertical, or a choice."""
        field, initial = self.states.get(str(node.attr), ("", node))
        signs = {"xy": self.polar[:2], "pos": self.polar, "standing": (1.0,), "follows": (1.0,)}
        signs |= dict.fromkeys(("yaw", "heading", "drawn_yaw"), (self.axial[2],))
        if field not in signs or node.type.axis is not None:
            raise NoImageError(f"that of `{text(node)}` is not known")
        row = signs[field][: node.type.components]
        for draw in walk([initial]):
            if draw.op == "vec":
                ends = [part for part, sign in zip(draw.args, row, strict=False) if sign < 0]
            else:
                ends = [draw] if draw.op in ("uniform", "clip") and row == (-1.0,) else []
            for part in ends:
                self._both_ways(part)
        return Image((0,), (row,))

    def _both_ways(self, draw: Node) -> None:
        """Raises where a range is another one in the mirror."""
        if draw.op in ("uniform", "clip"):
            low, high = (self._numbers(end, {}) for end in draw.args[-2:])
            if low is None or high is None or low[0][0] != -high[0][0]:
                raise NoImageError(f"the range `{text(draw)}` is not the same on both sides")
        elif self._numbers(draw, {}) not in (((0.0,),), None):
            raise NoImageError(f"`{text(draw)}` is not the same on both sides")

    def _perm(self, axis: Axis) -> tuple[int, ...]:
        if axis.kind in ("ray", "pixel", "point"):
            raise NoImageError(f"which {axis.kind} takes the place of which is not known")
        places = []
        for name in axis.names:
            partner = self.partners.get((axis.kind, name))
            if partner is None or partner not in axis.names:
                raise NoImageError(f"`{name}` is there and its partner `{partner or '?'}` is not")
            places.append(axis.names.index(partner))
        return tuple(places)

    # constants

    def _numbers(self, node: Node, done: dict[int, Image | Rows]) -> Rows | None:
        """The numbers of a constant expression."""
        count = len(node.type.axis) if node.type.axis is not None else 1
        if node.op in ("const", "tunable"):
            value = node.attr if node.op == "const" else self._setting(node)
            return rows(value, count, node.type.components)
        if node.op == "read":
            assert node.read is not None
            if node.read.quantity not in CONSTANT:
                return None
            numbers = [self.constant(node.read.quantity, name) for name in node.read.names]
            if any(number is None for number in numbers):
                raise NoImageError(f"the numbers of `{text(node)}` are known to the simulator alone")
            return tuple((number,) for number in numbers if number is not None)
        operators: dict[str, Callable[..., float]] = {
            "add": lambda a, b: a + b,
            "sub": lambda a, b: a - b,
            "mul": lambda a, b: a * b,
            "div": lambda a, b: a / b if b else 0.0,
            "neg": lambda a: -a,
        }
        if node.op not in operators or not node.args:
            return None
        values = [self._find(arg, done) for arg in node.args]
        if any(isinstance(value, Image) for value in values):
            return None
        width = node.type.components
        tables = [spread(value, count, width) for value in values]  # type: ignore[arg-type]
        function = operators[node.op]
        return tuple(tuple(function(*(t[i][k] for t in tables)) for k in range(width)) for i in range(count))

    def _setting(self, node: Node) -> object:
        if isinstance(node.attr, tuple):
            path, place = node.attr
            value = self.tunables[str(path)]
            return value[int(place)]  # type: ignore[index]
        return self.tunables[str(node.attr)]

    def _fixed(self, node: Node, value: Image | Rows, wanted: Image | None = None) -> Image:
        """The image of a value; a constant that is its own image in more ways has the wanted one, else the plainest."""
        if isinstance(value, Image):
            return value
        perms = [wanted.perm] if wanted is not None and len(wanted.perm) == len(value) else []
        if not perms:
            perms = [self._perm(node.type.axis) if node.type.axis is not None else (0,)]
        choices: list[Rows] = []
        if wanted is not None:
            choices.append(spread(wanted.signs, len(value), len(value[0])))
        elif node.type.kind is Kind.VEC3:
            choices += [(signs,) * len(value) for signs in (self.polar, self.axial)]
        if wanted is None:
            choices.append(ones(value))
            choices.append(tuple(tuple(-1.0 for _ in row) for row in value))
        for perm, signs in product(perms, choices):
            if is_own_image(value, perm, signs):
                return Image(perm, signs)
        raise NoImageError(f"`{text(node)}` is not the same on both sides")

    # operators

    def _alike(self, node: Node, found: list[Image | Rows]) -> Image:
        """Operands that have to have one image: of sums and choices."""
        pairs = list(zip(node.args[-len(found) :], found, strict=True))
        images = [value for value in found if isinstance(value, Image)]
        main = max(images, key=lambda image: (len(image.perm), len(image.signs[0])), default=None)
        if main is None:
            main = self._fixed(*pairs[0])
        main = shaped(main, node)
        for arg, value in pairs:
            image = self._fixed(arg, value, main) if not isinstance(value, Image) else value
            signs = spread(image.signs, len(main.perm), len(main.signs[0]))
            if signs != main.signs or (len(image.perm) > 1 and image.perm != main.perm):
                raise NoImageError(f"`{text(arg)}` changes otherwise than what it is combined with")
        return main

    def _product(self, node: Node, found: list[Image | Rows]) -> Image:
        images = [self._fixed(arg, value) for arg, value in zip(node.args, found, strict=True)]
        return shaped(images[0], node, images[1])

    def _even_only(self, node: Node, found: list[Image | Rows] | list[Image]) -> Image:
        images = [self._fixed(arg, value) for arg, value in zip(node.args, found, strict=True)]
        if not all(image.even for image in images):
            raise NoImageError(f"`{text(node)}` compares what has a side")
        return shaped(images[0], node, *images[1:])

    def _clip(self, node: Node, found: list[Image | Rows]) -> Image:
        value = self._fixed(node.args[0], found[0])
        low, high = found[1:]
        image = shaped(value, node)
        if isinstance(low, Image) or isinstance(high, Image):
            raise NoImageError(f"the bounds of `{text(node)}` change")
        count, width = len(image.perm), len(image.signs[0])
        lows, highs = spread(low, count, width), spread(high, count, width)
        for i, (place, signs) in enumerate(zip(image.perm, image.signs, strict=True)):
            for k, sign in enumerate(signs):
                ends = (lows[place][k], highs[place][k]) if sign > 0 else (-highs[place][k], -lows[place][k])
                if not all(isclose(a, b, abs_tol=1e-9) for a, b in zip(ends, (lows[i][k], highs[i][k]), strict=True)):
                    raise NoImageError(f"the bounds of `{text(node)}` are not the same on both sides")
        return image

    def _rotated(self, node: Node, found: list[Image | Rows]) -> Image:
        turn = self._fixed(node.args[0], found[0])
        vector = self._fixed(node.args[1], found[1])
        if any(row not in (self.polar, self.axial) for row in vector.signs):
            raise NoImageError(f"that of `{text(node)}` is not known")
        if any(row != (*self.axial, 1.0) for row in turn.signs):
            raise NoImageError(f"that of `{text(node)}` is not known")
        perm = max(turn.perm, vector.perm, key=len)
        return Image(perm, spread(vector.signs, len(perm), 3))

    def _stacked(self, node: Node, found: list[Image | Rows]) -> Image:
        images = [self._fixed(arg, value) for arg, value in zip(node.args, found, strict=True)]
        if node.op == "vec" and all(len(image.perm) == 1 for image in images):
            return Image((0,), (tuple(image.signs[0][0] for image in images),))
        raise NoImageError(f"that of `{text(node)}` is not known")

    def _picked(self, node: Node, value: Image | Rows) -> Image:
        image = self._fixed(node.args[0], value)
        assert isinstance(node.attr, tuple)
        places = [int(place) for place in node.attr]  # type: ignore[arg-type]
        if any(image.perm[place] not in places for place in places):
            raise NoImageError(f"`{text(node)}` has members without their partners")
        perm = tuple(places.index(image.perm[place]) for place in places)
        return Image(perm, tuple(image.signs[place] for place in places))

    def _dot(self, node: Node, a: Image, b: Image) -> Image:
        both = shaped(a, node.args[0], b)
        if any(len(set(row)) > 1 for row in both.signs):
            raise NoImageError(f"`{text(node)}` multiplies what changes in different ways")
        return Image(both.perm, tuple((row[0],) for row in both.signs))

    def _cross(self, node: Node, a: Image, b: Image) -> Image:
        perm = max(a.perm, b.perm, key=len)
        image = []
        for u, v in zip(spread(a.signs, len(perm), 3), spread(b.signs, len(perm), 3), strict=True):
            row = []
            for i, k in ((1, 2), (2, 0), (0, 1)):
                if u[i] * v[k] != u[k] * v[i]:
                    raise NoImageError(f"that of `{text(node)}` is not known")
                row.append(u[i] * v[k])
            image.append(tuple(row))
        return Image(perm, tuple(image))
