"""The document model: what a ``.stripe`` file or a ``.stripe.yaml`` file says, before anything is resolved.

One model for both forms; its JSON schema is ``stripec schema``. A key of a block is a field here, so adding a key to
the language is adding a field and reading it in ``stripe_dsl.check``. Values are expressions with units (``120 Hz``)
that may use parameters; their dimensions and ranges are checked later, with spans.

The models are built by ``stripe_dsl.spec.read``, which reports mistakes with spans and suggestions, and are never
changed afterwards.
"""

from typing import ClassVar

from pydantic import Field

from stripe_dsl.spec.agents import TrainSpec
from stripe_dsl.spec.blocks import Block, Entry, Item
from stripe_dsl.spec.robots import ObjectSpec, RobotSpec
from stripe_dsl.spec.scene import AssetSpec, SceneSpec
from stripe_dsl.spec.values import Expression, Text, Update


class SensorSpec(Entry):
    """A sensor: its kind and what it measures, as in ``contacts(bodies)``, with options or keys in braces."""

    history: Expression | None = Field(None, description="contacts: physics steps that `.peak` looks back over")
    threshold: Expression | None = Field(None, description="contacts: force above which a body touches, N")
    against: Expression | None = Field(
        None,
        description="contacts: with these alone: a robot, some of its bodies, an object, `ground` or a class of it, a "
        "layer of the scene, or `solid`",
    )
    size: Expression | None = Field(
        None, description="height_scan: length and width, (1.6, 1) m where absent; camera: columns and rows of pixels"
    )
    fov: Expression | None = Field(None, description="camera: horizontal angle that it sees, 80 deg where absent")
    spacing: Expression | None = Field(None, description="height_scan: between rays, 10 cm where absent")
    above: Expression | None = Field(None, description="height_scan: where rays begin, 20 m above the body")
    channels: Expression | None = Field(None, description="lidar: rays above each other, 1 where absent")
    vertical: Expression | None = Field(None, description="lidar: range of their elevation")
    horizontal: Expression | None = Field(None, description="lidar: range of azimuth, all around where absent")
    step: Expression | None = Field(None, description="lidar: between rays beside each other, 10 deg where absent")
    at: Expression | None = Field(None, description="position of the sensor in the body's frame")
    facing: Expression | None = Field(None, description="rotation of the sensor in the body's frame")
    reach: Expression | None = Field(None, description="rays and cameras: distance beyond which nothing is seen")


class Placed(Entry):
    """A robot or an object of a task: which one, and where it stands where that is not as its own block says."""

    at: Expression | None = None
    facing: Expression | None = None
    pose: dict[Text, Expression] = Field(
        default_factory=dict, description="of a robot: default joint positions by pattern, before those of its block"
    )


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


class StateSpec(Entry):
    """Memory of each environment: `state best = 0 m then max(best, base.pos.z)`."""

    then: Expression | None = Field(None, description="the next value, once a control step; the name is the old value")


class ScheduleSpec(Entry):
    """What a setting becomes as training goes on: `reward.jerk = -0.1 over 10000..20000`."""

    over: Expression | None = Field(
        None, description="control steps or time in which it gets there, along a line; or `level`"
    )
    after: Expression | None = Field(None, description="control steps or time after which it has that value")
    start: Expression | None = Field(
        None, description="of `level`: a range that each environment's first one is drawn from; the lowest where absent"
    )
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
    within: Expression | None = Field(
        None, description="of a position: zone of the scene that it lies in, free of solids and in reach of the spawn"
    )
    width: Expression | None = Field(None, description="of a position within a zone: of what can get there; 50 cm")
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
    asset: dict[Text, AssetSpec] = Field(default_factory=dict)
    scene: dict[Text, SceneSpec] = Field(default_factory=dict)
    task: dict[Text, TaskSpec] = Field(default_factory=dict)
