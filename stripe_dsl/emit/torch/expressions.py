"""Turns nodes of the graph into the torch code that an Isaac Lab engineer would write.

Shapes in the generated code are ``(N, *type.shape)`` for ``N`` environments. Values that are equal in all
environments are kept smaller: numbers of the cfg and literals stay Python numbers (``Spread.HOST``), constant vectors
and lists are tensors ``(1, *type.shape)`` that ``__init__`` makes once (``Spread.SINGLE``).
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from stripe_dsl.emit.naming import Names, describe
from stripe_dsl.emit.torch.operators import EMITTERS
from stripe_dsl.emit.values import ISAACLAB_FUNCTIONS, Spread, Value, call
from stripe_dsl.ir.graph import Node
from stripe_dsl.ir.schedule import schedule

_LONG = 200
"""Characters beyond which an operand gets a variable of its own."""

_ANGLES = ("roll", "pitch", "yaw")


@dataclass(frozen=True, slots=True)
class Assignment:
    """``target = text``; the target is one identifier, or several with commas between them."""

    target: str
    text: str


@dataclass(frozen=True, slots=True)
class Constant:
    """``self.name = text``, to be run once in ``__init__`` after the base class's."""

    name: str
    text: str


@dataclass(frozen=True, slots=True)
class Expression:
    """Source text of a root's value.

    Attributes:
        value: text, precedence and spread.
        shape: shape of one environment's value.
    """

    value: Value
    shape: tuple[int, ...]

    @property
    def text(self) -> str:
        """The expression; see ``Spread`` for its shape."""
        return self.value.text

    def for_all(self, num_envs: str = "self.num_envs", device: str = "self.device") -> str:
        """The expression with shape ``(N, *shape)``, also where the value is equal in all environments."""
        match self.value.spread:
            case Spread.HOST:
                return f"torch.full(({num_envs},), {self.text}, device={device})"
            case Spread.SINGLE:
                return f"{self.value.atom}.expand({', '.join([num_envs, *map(str, self.shape)])})"
            case Spread.BATCHED:
                return self.text


@dataclass(frozen=True, slots=True)
class Block:
    """What one method computes: assignments in order, then one expression for each root."""

    assignments: tuple[Assignment, ...]
    results: tuple[Expression, ...]


class TorchWriter:
    """Writes the expressions of one generated class, a block for each method.

    Args:
        names: identifiers of named nodes (the source's ``let``) by node id; kept as far as Python allows.
        reserved: other identifiers that the methods bind or refer to, and attributes (``_robot``) of the class.
        device: text of the device.
        owners: what nodes are part of, by node id, for values that need a name and have none.

    Attributes:
        constants: tensors that the blocks written so far refer to. Numbers of the cfg in them are read only once.
        imports: names needed from ``isaaclab.utils.math``.
        modules: modules needed, of ``math`` and ``torch``.
    """

    def __init__(
        self,
        names: Mapping[int, str] | None = None,
        reserved: Iterable[str] = (),
        device: str = "self.device",
        owners: Mapping[int, str] | None = None,
    ) -> None:
        self.device = device
        self.owners = dict(owners or {})
        self.constants: list[Constant] = []
        self.imports: set[str] = set()
        self.modules: set[str] = set()
        self._names = Names({*reserved, *ISAACLAB_FUNCTIONS, "torch", "math", "env_ids", "_"})
        self.lets = {key: self._names.unique(name) for key, name in (names or {}).items()}
        self._attributes = Names(reserved)
        self._known_constants: dict[str, Value] = {}

    def block(self, roots: Sequence[Node], leaf: Callable[[Node], str], num_envs: str = "self.num_envs") -> Block:
        """The code that computes the roots.

        Args:
            roots: values wanted.
            leaf: source text of a ``read``, ``tunable``, ``prev``, ``state`` or ``old`` node: a name, attribute,
                subscript or call. It is a tensor ``(N, *type.shape)``; of a tunable the number, or the tuple where
                the type is no single number. Where several reads are subscripts of one tensor, it gets a variable.
            num_envs: how many environments the method works on; ``len(env_ids)`` where it is some of them.
        """
        return _BlockWriter(self, self._names.copy(), leaf, num_envs).write(roots)

    def constant(self, text: str, wish: str) -> Value:
        """A tensor made once from the tuple that ``text`` spells, the same for the same text."""
        value = self._known_constants.get(text)
        if value is None:
            name = self._attributes.unique(f"_{wish}")
            self.modules.add("torch")
            self.constants.append(Constant(name, f"torch.tensor({text}, device={self.device})"))
            value = Value(f"self.{name}", spread=Spread.SINGLE, cheap=True)
            self._known_constants[text] = value
        return value


@dataclass(slots=True)
class _BlockWriter:
    """State of one block; the ``Context`` of the emitters."""

    writer: TorchWriter
    names: Names
    leaf_text: Callable[[Node], str]
    num_envs: str
    values: dict[int, Value] = field(default_factory=dict)
    bound: dict[int, str] = field(default_factory=dict)
    assignments: list[Assignment] = field(default_factory=list)
    absorbed_ids: set[int] = field(default_factory=set)
    read_texts: dict[int, str] = field(default_factory=dict)

    def write(self, roots: Sequence[Node]) -> Block:
        nodes = schedule(roots)
        uses = _uses(roots, nodes)
        self.absorbed_ids = {
            node.args[0].id
            for node in nodes
            if _is_square_of_norm(node) and uses[node.args[0].id] == 1 and node.args[0].id not in self.writer.lets
        }
        angles = {key: group for key, group in _angles(nodes).items() if len(group) > 1}
        for rotation, group in angles.items():
            uses[rotation] -= len(group) - 1  # one call serves them all
        inner = {arg.id for node in nodes if node.op != "prev" for arg in node.args}
        self._bind_tensors(nodes)
        for node in nodes:
            if node.id in self.values or node.id in self.absorbed_ids:
                continue
            if node.op == "euler" and node.args[0].id in angles:
                self._bind_angles(angles[node.args[0].id])
                continue
            value = EMITTERS[node.op](self, node)
            attribute = value.cheap and node.op in ("read", "prev", "state", "old")
            let = node.id in self.writer.lets and not (value.host or attribute) and node.op not in ("const", "tunable")
            shared = uses[node.id] > 1 and not value.cheap and not value.host
            long = node.id in inner and len(value.text) > _LONG and not value.host
            self.values[node.id] = self._bind(node, value) if let or shared or long else value
        return Block(
            tuple(self.assignments), tuple(Expression(self.values[root.id], root.type.shape) for root in roots)
        )

    def _name(self, node: Node) -> str:
        name = self.writer.lets.get(node.id) or self.names.unique(describe(node, self.bound, self.writer.owners))
        self.bound[node.id] = name
        return name

    def _bind(self, node: Node, value: Value) -> Value:
        name = self._name(node)
        self.assignments.append(Assignment(name, value.text))
        return Value(name, spread=value.spread, cheap=True)

    def _bind_tensors(self, nodes: Sequence[Node]) -> None:
        """``joint_vel = self.robot.data.joint_vel.torch``, for reads that are several subscripts of it."""
        reads = {node.id: self.leaf_text(node) for node in nodes if node.op == "read"}
        assignments, texts = read_once(list(reads.values()), self.names)
        self.assignments += assignments
        self.read_texts |= dict(zip(reads, texts, strict=True))

    def _bind_angles(self, group: dict[str, Node]) -> None:
        """``roll, _, yaw = …``: several angles of one rotation come from one call."""
        rotation = next(iter(group.values())).args[0]
        value = self.call("euler_xyz_from_quat", self.value(rotation))
        targets = [self._name(group[angle]) if angle in group else "_" for angle in _ANGLES]
        self.assignments.append(Assignment(", ".join(targets), value.text))
        for node in group.values():
            self.values[node.id] = Value(self.bound[node.id], spread=value.spread, cheap=True)

    def leaf(self, node: Node, /) -> str:
        return self.read_texts.get(node.id) or self.leaf_text(node)

    def value(self, node: Node) -> Value:
        return self.values[node.id]

    def absorbed(self, node: Node) -> bool:
        return node.id in self.absorbed_ids

    def constant(self, text: str, wish: str, node: Node | None = None) -> Value:
        let = self.writer.lets.get(node.id) if node is not None else None
        return self.writer.constant(text, let or wish)

    def call(self, function: str, *args: Value, **keywords: str) -> Value:
        module = function.partition(".")[0]
        if module in ("torch", "math"):
            self.writer.modules.add(module)
        elif function in ISAACLAB_FUNCTIONS:
            self.writer.imports.add(function)
        return call(function, args, **keywords)

    def drawn(self, distribution: str, numbers: list[Value], shape: tuple[int, ...]) -> Value:
        size = f"({', '.join([self.num_envs, *map(str, shape)])})" if shape else self.num_envs
        texts = [number.text for number in numbers]
        if not texts:
            self.writer.modules.add("torch")
            return Value(f"torch.randn({size}, device={self.writer.device})")
        if len(texts) == 1 or distribution == "gaussian":  # one text is the two numbers of a field
            self.writer.modules.add("torch")
            method = "normal_" if distribution == "gaussian" else "uniform_"
            return Value(f"torch.empty({size}, device={self.writer.device}).{method}({', '.join(texts)})")
        if texts == ["0.0", "1.0"]:
            self.writer.modules.add("torch")
            return Value(f"torch.rand({size}, device={self.writer.device})")
        self.writer.imports.add("sample_uniform")
        return Value(f"sample_uniform({', '.join([*texts, size, self.writer.device])})")


def read_once(texts: Sequence[str], taken: Names | Iterable[str] = ()) -> tuple[list[Assignment], list[str]]:
    """Variables for tensors that several of the texts are subscripts of, and the texts with these.

    Attributes of ``self`` get none: they are names already.
    """
    names = taken if isinstance(taken, Names) else Names(taken)
    tensors = Counter(_subscripted(text) for text in texts)
    known = {
        tensor: names.unique(_tensor_name(tensor))
        for tensor, count in tensors.items()
        if count > 1 and "." in tensor and not re.fullmatch(r"self\.\w+", tensor)
    }
    short = [known.get(tensor, tensor) + text[len(tensor) :] for text in texts for tensor in [_subscripted(text)]]
    return [Assignment(name, tensor) for tensor, name in known.items()], short


def _uses(roots: Sequence[Node], nodes: Sequence[Node]) -> dict[int, int]:
    """How often the value of each node is wanted; what ``prev`` refers to is not computed for it."""
    counts = dict.fromkeys((node.id for node in nodes), 0)
    for root in roots:
        counts[root.id] += 1
    for node in nodes:
        for arg in () if node.op == "prev" else node.args:
            counts[arg.id] += 1
    return counts


def _subscripted(text: str) -> str:
    """``a.b`` of ``a.b[:, 0]``; the text itself where it does not end in a subscript of columns."""
    match = re.fullmatch(r"(.+?)\[(?:\.\.\.|:), [^][]+\]", text)
    return match.group(1) if match else text


def _tensor_name(text: str) -> str:
    """``joint_vel`` of ``self.robot.data.joint_vel.torch[env_ids]``."""
    words = re.findall(r"[A-Za-z_]\w*", text.partition("[")[0])
    return next((word for word in reversed(words) if word not in ("torch", "mT")), "tensor").strip("_")


def _is_square_of_norm(node: Node) -> bool:
    return node.op == "pow" and node.args[0].op in ("norm", "list_norm") and node.args[1].attr == 2


def _angles(nodes: Sequence[Node]) -> dict[int, dict[str, Node]]:
    """Euler angles of single rotations: by id of the rotation and name of the angle."""
    groups: dict[int, dict[str, Node]] = {}
    for node in nodes:
        if node.op == "euler" and node.args[0].type.axis is None:
            groups.setdefault(node.args[0].id, {})[str(node.attr)] = node
    return groups
