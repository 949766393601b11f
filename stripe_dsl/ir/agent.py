"""The agent of a checked task. Records are as those of :mod:`stripe_dsl.ir.program`."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from stripe_dsl.source import Span


@dataclass(frozen=True, slots=True, eq=False, repr=False)
class Network:
    """A multi-layer perceptron, behind recurrent layers or convolutions where there are some.

    Attributes:
        convolutions: those that each picture goes through, in order.
        recurrent: ``lstm``, ``gru`` or empty.
        recurrent_size: numbers in the hidden state of each recurrent layer.
    """

    hidden: tuple[int, ...]
    activation: str
    normalize: bool
    recurrent: str = ""
    recurrent_size: int = 0
    recurrent_layers: int = 0
    convolutions: tuple[Convolution, ...] = ()


@dataclass(frozen=True, slots=True)
class Convolution:
    """One layer of convolutions: numbers that it gives, edge of its kernel, and step from one place to the next."""

    channels: int
    kernel: int
    stride: int

    def result(self, edge: int) -> int:
        """Rows or columns of what it makes of so many; none where the kernel is larger."""
        return (edge - self.kernel) // self.stride + 1 if edge >= self.kernel else 0


@dataclass(frozen=True, slots=True, eq=False, repr=False)
class Curiosity:
    """Random network distillation, in rsl_rl's terms. ``fade`` counts control steps; ``None`` keeps the weight."""

    weight: float
    fade: tuple[int, int] | None
    final: float
    sees: tuple[str, ...]
    predictor: tuple[int, ...]
    target: tuple[int, ...]
    outputs: int
    learning_rate: float
    normalize_state: bool
    normalize_reward: bool
    span: Span | None = None


@dataclass(frozen=True, slots=True, eq=False, repr=False)
class Columns:
    """The mirror image of a row of columns: column ``i`` is ``signs[i]`` times column ``places[i]``.

    Attributes:
        entries: name, places and signs of the columns that belong together, in order.
    """

    entries: tuple[tuple[str, tuple[int, ...], tuple[int, ...]], ...]

    @property
    def places(self) -> tuple[int, ...]:
        """Of all columns."""
        return tuple(place for _, places, _ in self.entries for place in places)

    @property
    def signs(self) -> tuple[int, ...]:
        """Of all columns."""
        return tuple(sign for _, _, signs in self.entries for sign in signs)


@dataclass(frozen=True, slots=True, eq=False, repr=False)
class Symmetry:
    """What a task looks like in the mirror.

    Attributes:
        groups: of the observation groups that the agent sees.
        action: of the actions.
        augment: whether PPO learns from mirrored samples as well.
        loss: weight of what the policy does otherwise in the mirror; zero for none.
    """

    groups: Mapping[str, Columns]
    action: Columns
    augment: bool
    loss: float
    span: Span | None = None


@dataclass(frozen=True, slots=True, eq=False, repr=False)
class Distill:
    """Distillation of the actor into a student, in rsl_rl's terms."""

    student: Network
    sees: tuple[str, ...]
    steps: int
    iterations: int
    epochs: int
    learning_rate: float
    gradient_length: int
    loss: str
    init_std: float
    max_grad_norm: float | None
    span: Span | None = None


@dataclass(frozen=True, slots=True, eq=False, repr=False)
class Train:
    """Settings of the agent, in rsl_rl's terms.

    Attributes:
        actor_sees: observation groups of the actor.
        critic_sees: observation groups of the critic.
        libraries: libraries that cfgs are written for, beside rsl_rl.
    """

    steps: int
    iterations: int
    actor: Network
    critic: Network
    actor_sees: tuple[str, ...]
    critic_sees: tuple[str, ...]
    init_std: float
    learning_rate: float
    schedule: str
    gamma: float
    lam: float
    epochs: int
    mini_batches: int
    clip: float
    entropy: float
    value_loss: float
    desired_kl: float
    max_grad_norm: float
    save_every: int
    seed: int
    rnd: Curiosity | None = None
    symmetry: Symmetry | None = None
    distill: Distill | None = None
    libraries: tuple[str, ...] = ()
    span: Span | None = None
