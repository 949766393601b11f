"""Agents in the document model: the ``train`` block and those in it."""

from typing import ClassVar

from pydantic import Field

from stripe_dsl.spec.blocks import Block, Words
from stripe_dsl.spec.values import Expression, Text


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
