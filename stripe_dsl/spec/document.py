"""The document model: what a ``.stripe`` file or a ``.stripe.yaml`` file says, before anything is resolved.

One model for both forms; its JSON schema is ``stripec schema``. A key of a block is a field here, so adding a key to
the language is adding a field and reading it in ``stripe_dsl.check``. Values are expressions with units (``120 Hz``)
that may use parameters; their dimensions and ranges are checked later, with spans.

The models are built by ``stripe_dsl.spec.read``, which reports mistakes with spans and suggestions, and are never
changed afterwards.
"""

from __future__ import annotations

from typing import ClassVar

from pydantic import BaseModel, ConfigDict, Field, PrivateAttr

from stripe_dsl.source import Span
from stripe_dsl.spec.values import Expression, Text, Update

type Words = list[Expression]


class Block(BaseModel):
    """Base of all blocks.

    Class attributes:
        head: field that takes a value standing directly after the keyword (``train ppo``, ``light dome``).
        others: field that takes every key that is none of the others, a map of expressions by name.
    """

    model_config = ConfigDict(
        frozen=True, extra="forbid", defer_build=True, arbitrary_types_allowed=True, populate_by_name=True
    )
    head: ClassVar[str] = ""
    others: ClassVar[str] = ""
    _span: Span | None = PrivateAttr(None)

    @property
    def span(self) -> Span | None:
        """Where the block stands: its keyword and name."""
        return self._span


class Entry(Block):
    """An expression with options behind it."""

    head: ClassVar[str] = "value"
    value: Expression


class Item(Entry):
    """An expression with options: an observation or an action."""

    name: Text | None = Field(None, description="name of the entry; made from the expression where absent")
    noise: Expression | None = Field(None, description="a range (uniform) or gaussian(std), in the value's unit")
    bias: Expression | None = Field(None, description="as noise, but drawn once an episode")
    clip: Expression | None = Field(None, description="range that the value is cut to")
    scale: Expression | None = Field(None, description="factor")
    offset: Expression | None = Field(None, description="added after the scale; `default` is the default position")
    history: Expression | None = Field(None, description="number of control steps whose values are kept")
    without: Expression | None = Field(
        None, description="`noise`: an included group is taken without its noise and bias"
    )
    limit: Expression | None = Field(None, description="of an action: range that its command is cut to")
    smooth: Expression | None = Field(
        None, description="of an action: share of the new command, the rest is the last one"
    )
    open: Expression | None = Field(None, description="of a binary action: positions where the agent's number is >= 0")
    close: Expression | None = Field(None, description="of a binary action: positions where it is negative")


class SensorSpec(Entry):
    """A sensor: its kind and what it measures, as in ``contacts(bodies)``, with options or keys in braces."""

    history: Expression | None = Field(None, description="contacts: physics steps that `.peak` looks back over")
    threshold: Expression | None = Field(None, description="contacts: force above which a body touches, N")
    size: Expression | None = Field(None, description="height_scan: length and width, (1.6, 1) m where absent")
    spacing: Expression | None = Field(None, description="height_scan: between rays, 10 cm where absent")
    above: Expression | None = Field(None, description="height_scan: where rays begin, 20 m above the body")
    channels: Expression | None = Field(None, description="lidar: rays above each other, 1 where absent")
    vertical: Expression | None = Field(None, description="lidar: range of their elevation")
    horizontal: Expression | None = Field(None, description="lidar: range of azimuth, all around where absent")
    step: Expression | None = Field(None, description="lidar: between rays beside each other, 10 deg where absent")
    at: Expression | None = Field(None, description="position of the sensor in the body's frame")
    facing: Expression | None = Field(None, description="rotation of the sensor in the body's frame")
    reach: Expression | None = Field(None, description="rays: distance beyond which nothing is hit")


class Shape(Block):
    """A primitive of a link."""

    head: ClassVar[str] = "size"
    size: Expression | None = Field(None, description="edge lengths of a box, (x, y, z) m")
    radius: Expression | None = None
    length: Expression | None = Field(None, description="length of a cylinder, or of a capsule between its caps")
    axis: Expression | None = Field(None, description="x, y or z: direction of a capsule or cylinder")
    at: Expression | None = Field(None, description="centre in the link's frame")
    color: Expression | None = None
    visual: bool = Field(False, description="seen, and has mass as others have, but touches nothing")


class Link(Block):
    """A rigid body made of primitives, for robots written in the file."""

    box: Shape | None = None
    sphere: Shape | None = None
    capsule: Shape | None = None
    cylinder: Shape | None = None
    mass: Expression | None = None
    at: Expression | None = Field(None, description="position of the link's frame in the robot's frame")
    fixed: bool = Field(False, description="fixed to the world: the base of a robot that cannot move away")


class JointSpec(Block):
    """``joint name = "pattern"`` names a joint of the robot file; with ``type`` it makes one between two links."""

    head: ClassVar[str] = "pattern"
    pattern: Text | None = Field(None, description="the joint's name in the robot file")
    type: Expression | None = Field(
        None, description="revolute (the default where there is an axis), prismatic or fixed"
    )
    parent: Expression | None = None
    child: Expression | None = None
    axis: Expression | None = Field(None, description="x, y, z, -x, -y or -z in the robot's frame")
    at: Expression | None = Field(None, description="position in the robot's frame; the child's where absent")
    limits: Expression | None = Field(None, description="range of the joint's position")


class NameSet(Block):
    """``joints legs = ".*_leg"``: a named subset; several patterns keep their order."""

    head: ClassVar[str] = "patterns"
    patterns: list[Text] = Field(default_factory=list)


class ActuatorSpec(Block):
    """How a group of joints is driven. Gains and limits are one number, or one by pattern in braces."""

    head: ClassVar[str] = "model"
    by_pattern: ClassVar[tuple[str, ...]] = (
        "stiffness", "damping", "effort", "velocity", "saturation", "armature", "friction", "viscous"
    )  # fmt: skip
    implicit: bool = Field(False, description="the physics engine integrates the drive (the default)")
    ideal_pd: bool = Field(False, description="efforts are computed before each physics step")
    dc_motor: bool = Field(False, description="as `ideal_pd`, with the speed-torque curve of a DC motor")
    joints: list[Text] = Field(default_factory=list, description="patterns; the group's own name where absent")
    stiffness: Expression | None = None
    damping: Expression | None = None
    effort: Expression | None = Field(None, description="largest force or torque")
    velocity: Expression | None = Field(None, description="largest speed")
    saturation: Expression | None = Field(None, description="of a dc_motor: force or torque at rest")
    armature: Expression | None = None
    friction: Expression | None = Field(None, description="force or torque that has to be overcome")
    viscous: Expression | None = Field(None, description="friction that grows with the speed")
    delay: Expression | None = Field(None, description="of an ideal_pd: time that commands take")
    effort_at: Expression | None = Field(
        None, description="of an ideal_pd: largest effort by position, [(-90 deg, 30 N*m), (0 deg, 45 N*m)]"
    )


class Spawn(Block):
    """Where the robot starts in its environment."""

    at: Expression | None = None
    facing: Expression | None = Field(None, description="an angle about the vertical, or rpy(0, 0, 90 deg)")


class RobotSpec(Block):
    """An articulation: from a file, from an Isaac Lab cfg, or made of links and joints."""

    usd: Text | None = None
    urdf: Text | None = None
    mjcf: Text | None = None
    cfg: Text | None = Field(None, description="an Isaac Lab cfg, module:NAME")
    prim: Text | None = Field(None, description="prim that holds the articulation, where the file's default is wrong")
    spawn: Spawn | None = None
    joint: dict[Text, JointSpec] = Field(default_factory=dict)
    joints: dict[Text, NameSet] = Field(default_factory=dict)
    body: dict[Text, NameSet] = Field(default_factory=dict)
    bodies: dict[Text, NameSet] = Field(default_factory=dict)
    link: dict[Text, Link] = Field(default_factory=dict)
    pose: dict[Text, Expression] = Field(default_factory=dict, description="default joint positions by pattern")
    actuator: dict[Text, ActuatorSpec] = Field(default_factory=dict)
    self_collision: bool = False
    soft_limits: Expression | None = Field(
        None, description="share of the joints' ranges that `.lower` and `.upper` leave"
    )
    fixed: bool = Field(False, description="the base of a URDF or MJCF robot is fixed to the world")


class ObjectSpec(Block):
    """A rigid object: one primitive that moves as it is pushed."""

    box: Shape | None = None
    sphere: Shape | None = None
    capsule: Shape | None = None
    cylinder: Shape | None = None
    mass: Expression | None = None
    friction: Expression | None = Field(None, description="static and dynamic, one number for both; 1 where absent")
    restitution: Expression | None = Field(None, description="0 where absent")
    spawn: Spawn | None = None


class GroundSpec(Block):
    """The ground."""

    head: ClassVar[str] = "kind"
    kind: Expression | None = Field(None, description="plane")
    friction: Expression | None = Field(None, description="static and dynamic, one number for both")
    restitution: Expression | None = None


class LightSpec(Block):
    """A light: ``dome`` from everywhere, ``sun`` from one direction."""

    intensity: Expression | None = None
    color: Expression | None = None
    elevation: Expression | None = None
    azimuth: Expression | None = None


class SceneSpec(Block):
    """What stands around the robot."""

    param: dict[Text, Expression] = Field(default_factory=dict)
    ground: GroundSpec | None = None
    light: dict[Text, LightSpec] = Field(default_factory=dict)


class Placed(Entry):
    """A robot or an object of a task: which one, and where it stands where that is not as its own block says."""

    at: Expression | None = None
    facing: Expression | None = None


class SimSpec(Block):
    """Rates, length and number."""

    physics: Expression | None = Field(None, description="physics rate, Hz")
    control: Expression | None = Field(None, description="control rate, Hz; divides the physics rate")
    episode: Expression | None = Field(None, description="length of an episode, s")
    envs: Expression | None = Field(None, description="number of environments")
    spaced: Expression | None = Field(None, description="distance between environments, m")
    gravity: Expression | None = Field(None, description="(x, y, z) m/s^2")
    constraints: Expression | None = Field(None, description="Newton: constraint rows per environment (njmax)")
    contacts: Expression | None = Field(None, description="Newton: contacts per environment (nconmax)")


class RewardSpec(Block):
    """Reward terms by name."""

    per_second: dict[Text, Expression] = Field(default_factory=dict, description="integrated over the control step")
    once: dict[Text, Expression] = Field(default_factory=dict, description="added as it is")


class RandomizeSpec(Block):
    """What is drawn anew, and when: ``base.mass += -1..3 kg``. A change is one of what was there at the start."""

    at_startup: dict[Text, Update] = Field(default_factory=dict, description="once, before the first episode")
    at_reset: dict[Text, Update] = Field(default_factory=dict, description="when an episode begins")
    every: dict[Text, dict[Text, Update]] = Field(
        default_factory=dict, description="by the time between two draws, as in `10..15 s`, which is drawn too"
    )


class SeesSpec(Block):
    """Which observation groups a network sees."""

    actor: Words = Field(default_factory=list, description="`policy` where absent")
    critic: Words = Field(default_factory=list, description="`critic` where the task has one, else the actor's")


class RndSpec(Block):
    """Random network distillation: a reward for states that are new to the agent."""

    weight: Expression | None = Field(None, description="of the reward; multiplied by the control step")
    fade: Expression | None = Field(None, description="range of control steps over which the weight goes to `final`")
    final: Expression | None = Field(None, description="weight after `fade`; 0 where absent")
    sees: Words = Field(default_factory=list, description="observation groups; `policy` where absent")
    predictor: Words = Field(default_factory=list, description="hidden sizes of the network that learns")
    target: Words = Field(default_factory=list, description="hidden sizes of the network that it learns to copy")
    outputs: Expression | None = Field(None, description="numbers that the networks give")
    rate: Expression | None = Field(None, description="learning rate")
    normalize: Words = Field(default_factory=list, description="`state`, `reward`")


class SymmetrySpec(Block):
    """Left and right of the robot are alike: PPO learns from the mirror image of what it did, too."""

    swap: dict[Text, Expression] = Field(default_factory=dict, description="parts of names that change places")
    plane: Expression | None = Field(None, description="xz (left and right, the default) or yz (front and back)")
    flip: list[Text] = Field(default_factory=list, description="joints that turn the other way; found where absent")
    augment: bool = Field(False, description="mirrored samples are learnt from (the default without `loss`)")
    loss: Expression | None = Field(None, description="weight of what the policy does otherwise in the mirror")


class DistillSpec(Block):
    """A student that learns to act as the trained actor, from other observations."""

    student: Words = Field(default_factory=list, description="network, as `actor`")
    sees: Words = Field(default_factory=list, description="observation groups of the student; `policy` where absent")
    steps: Expression | None = Field(None, description="steps per environment and iteration")
    iterations: Expression | None = None
    epochs: Expression | None = None
    rate: Expression | None = Field(None, description="learning rate")
    gradient: Expression | None = Field(None, description="control steps that the gradient flows back")
    loss: Expression | None = Field(None, description="mse or huber")
    init_std: Expression | None = Field(None, description="of the student's actions while it learns")
    grad_norm: Expression | None = None


class TrainSpec(Block):
    """The agent."""

    head: ClassVar[str] = "algorithm"
    algorithm: Expression | None = Field(None, description="ppo")
    steps: Expression | None = Field(None, description="steps per environment and iteration")
    iterations: Expression | None = None
    actor: Words = Field(default_factory=list, description="`lstm 256` or `gru 256`, sizes, activation, `normalize`")
    critic: Words = Field(default_factory=list, description="as `actor`, and the same where absent")
    sees: SeesSpec | None = None
    init_std: Expression | None = None
    rate: Expression | None = Field(None, description="learning rate")
    schedule: Expression | None = Field(None, description="adaptive or fixed")
    gamma: Expression | None = None
    lam: Expression | None = None
    epochs: Expression | None = None
    batches: Expression | None = Field(None, description="mini-batches per epoch")
    clip: Expression | None = None
    entropy: Expression | None = None
    value_loss: Expression | None = None
    kl: Expression | None = Field(None, description="KL divergence that the adaptive schedule aims at")
    grad_norm: Expression | None = None
    save_every: Expression | None = Field(None, description="iterations between checkpoints")
    seed: Expression | None = None
    rnd: RndSpec | None = None
    symmetry: SymmetrySpec | None = None
    distill: DistillSpec | None = None
    libraries: Words = Field(default_factory=list, description="skrl, rl_games, sb3: cfgs beside that for rsl_rl")


class StateSpec(Entry):
    """Memory of each environment: `state best = 0 m then max(best, base.pos.z)`."""

    then: Expression | None = Field(None, description="the next value, once a control step; the name is the old value")


class ScheduleSpec(Entry):
    """What a setting becomes as training goes on: `reward.jerk = -0.1 over 10000..20000`."""

    over: Expression | None = Field(
        None, description="control steps or time in which it gets there, along a line; or `level`"
    )
    after: Expression | None = Field(None, description="control steps or time after which it has that value")
    up: Expression | None = Field(None, description="of `level`: an end of an episode that raises it by one")
    down: Expression | None = Field(None, description="of `level`: an end of an episode that lowers it by one")


class CommandSpec(Entry):
    """What the agent is asked to do: numbers drawn for each environment, and drawn anew after some time."""

    others: ClassVar[str] = "ranges"
    every: Expression | None = Field(None, description="time until it is drawn anew, a range or one number")
    standing: Expression | None = Field(None, description="of a velocity: share of draws that ask to stand still")
    gain: Expression | None = Field(None, description="of a velocity: yaw rate for each angle missing to the heading")
    heading_share: Expression | None = Field(None, description="of a velocity: share of draws that follow the heading")
    frame: Expression | None = Field(None, description="of a velocity: `body` or `heading`")
    around: Expression | None = Field(None, description="of a position: `origin` of the environment, or `base`")
    success: Expression | None = Field(None, description="distance at which a position or pose counts as reached")
    ranges: dict[Text, Expression] = Field(default_factory=dict, description="any other name: what is drawn uniformly")


class TaskSpec(Block):
    """A task: robot, scene, and what is learned."""

    extends: Expression | None = None
    param: dict[Text, Expression] = Field(default_factory=dict)
    let: dict[Text, Expression] = Field(default_factory=dict)
    state: dict[Text, StateSpec] = Field(default_factory=dict)
    robot: dict[Text, Placed] = Field(default_factory=dict)
    object: dict[Text, Placed] = Field(default_factory=dict)
    scene: Expression | SceneSpec | None = None
    sim: SimSpec | None = None
    action: dict[Text, Item] = Field(default_factory=dict)
    sensor: dict[Text, SensorSpec] = Field(default_factory=dict)
    command: dict[Text, CommandSpec] = Field(default_factory=dict)
    observe: dict[Text, list[Item]] = Field(default_factory=dict)
    reward: RewardSpec | None = None
    terminate: dict[Text, Expression] = Field(default_factory=dict, description="failures by name, and `timeout`")
    truncate: dict[Text, Expression] = Field(
        default_factory=dict, description="conditions that end an episode without a failure, as `timeout` does"
    )
    reset: dict[Text, Expression] = Field(default_factory=dict)
    randomize: RandomizeSpec | None = None
    curriculum: dict[Text, ScheduleSpec] = Field(
        default_factory=dict, description="settings by path: what they become as training goes on"
    )
    train: TrainSpec | None = None


class ParameterSpec(Block):
    """A parameter of a function."""

    head: ClassVar[str] = "type"
    type: Expression | None = Field(
        None, description="kind, frame and unit of its values, such as `vec3@body [m/s]`; anything where absent"
    )
    default: Expression | None = Field(None, description="its value where a call gives none")


class FunctionSpec(Block):
    """A named formula with parameters: `fn name(parameters) = value`."""

    head: ClassVar[str] = "value"
    takes: dict[Text, ParameterSpec] = Field(default_factory=dict, description="parameters, in order")
    value: Expression | None = None


class Document(Block):
    """One file."""

    imports: dict[Text, Text] = Field(default_factory=dict, alias="import", description="name: path")
    param: dict[Text, Expression] = Field(default_factory=dict)
    fn: dict[Text, FunctionSpec] = Field(default_factory=dict)
    robot: dict[Text, RobotSpec] = Field(default_factory=dict)
    object: dict[Text, ObjectSpec] = Field(default_factory=dict)
    scene: dict[Text, SceneSpec] = Field(default_factory=dict)
    task: dict[Text, TaskSpec] = Field(default_factory=dict)
