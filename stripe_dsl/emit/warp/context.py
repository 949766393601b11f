"""What the template of ``env_warp.py`` is filled with."""

from __future__ import annotations

from dataclasses import dataclass, field

from stripe_dsl.emit.layout import WIDTH
from stripe_dsl.emit.warp.curriculum import FollowText
from stripe_dsl.emit.warp.module import Attribute, Struct


@dataclass(frozen=True, slots=True)
class KernelText:
    """One finished kernel.

    Attributes:
        name: of the function.
        doc: its docstring.
        parameters: name, annotation and what the launch passes, in order.
        lines: the body behind ``env = wp.tid()``.
        pixels: number of threads of an environment, where each of its pixels has one; elsewhere empty.
    """

    name: str
    doc: str
    parameters: tuple[tuple[str, str, str], ...]
    lines: tuple[str, ...]
    pixels: str = ""

    @property
    def inputs(self) -> str:
        """The ``inputs`` of its launch, as source text."""
        hosts = [host for _, _, host in self.parameters]
        flat = f"{' ' * 12}inputs=[{', '.join(hosts)}],"
        if len(flat) <= WIDTH:
            return flat
        return "\n".join([" " * 12 + "inputs=[", *(f"{' ' * 16}{host}," for host in hosts), " " * 12 + "],"])


@dataclass(frozen=True, slots=True)
class CameraText:
    """A camera, as source texts.

    Attributes:
        name: its attribute.
        poses: of the bodies of what carries it.
        body: index of the body.
        mount: attribute of its pose in the frame of the body.
    """

    name: str
    poses: str
    body: str
    mount: str


@dataclass(frozen=True, slots=True)
class EncoderText:
    """A network that makes numbers of a picture, as source texts.

    Attributes:
        name: local variable of the numbers.
        attribute: of the network.
        factory: function that makes it.
        picture: attribute of the picture, an array of Warp.
        shape: of the picture, without the environments.
        places: what the numbers are written to: a tensor, and its columns.
        columns: those columns, by group.
    """

    name: str
    attribute: str
    factory: str
    picture: str
    shape: str
    places: list[tuple[str, str]]
    columns: list[tuple[str, str]]


@dataclass(frozen=True, slots=True)
class ReachText:
    """Joints that a reset turns until a body is somewhere.

    Attributes:
        kernel: of one step.
        method: that takes one step.
        robot: attribute of the robot.
        source: where the file says it.
    """

    kernel: KernelText
    method: str
    robot: str
    steps: int
    source: str


@dataclass
class WarpEnv:
    """Everything the template needs."""

    class_name: str
    robots: list[tuple[str, str, bool]] = field(default_factory=list)
    jointless: list[str] = field(default_factory=list)
    objects: list[str] = field(default_factory=list)
    soft: list[str] = field(default_factory=list)
    cables: list[str] = field(default_factory=list)
    outlines: dict[str, str] = field(default_factory=dict)
    fields: dict[str, tuple[str, str]] = field(default_factory=dict)
    spots: dict[str, str] = field(default_factory=dict)
    ground_imports: str = ""
    sensors: list[tuple[str, str]] = field(default_factory=list)
    integrating: list[str] = field(default_factory=list)
    lazy: list[str] = field(default_factory=list)
    resetting: list[str] = field(default_factory=list)
    casting: dict[str, list[str]] = field(default_factory=dict)
    cameras: list[CameraText] = field(default_factory=list)
    rendering: list[str] = field(default_factory=list)
    sets: list[tuple[str, str]] = field(default_factory=list)
    constants: list[tuple[str, str]] = field(default_factory=list)
    structs: list[Struct] = field(default_factory=list)
    helpers: list[str] = field(default_factory=list)
    attributes: list[Attribute] = field(default_factory=list)
    memories: list[Attribute] = field(default_factory=list)
    remembered: list[str] = field(default_factory=list)
    kernels: dict[str, KernelText] = field(default_factory=dict)
    pictures: list[KernelText] = field(default_factory=list)
    encoders: list[EncoderText] = field(default_factory=list)
    reaches: list[ReachText] = field(default_factory=list)
    groups: list[tuple[str, str, int, str]] = field(default_factory=list)
    keeps_previous_actions: bool = False
    needs_any: bool = False
    foreign: list[str] = field(default_factory=list)
    curriculum: FollowText | None = None
    told_at_reset: list[str] = field(default_factory=list)
    told_on_time: list[str] = field(default_factory=list)
    moves: bool = False
    pushed: list[str] = field(default_factory=list)
    acts_on_bodies: bool = False
    moved_joints: list[str] = field(default_factory=list)
    needs_shapes: bool = False
    needs_flags: bool = False
    delayed: list[str] = field(default_factory=list)
    learned: bool = False
    reads_effort: bool = False
    reads_acceleration: bool = False
