"""Agent configurations: what the files of ``agents/`` hold, as data for their templates.

``docs/agents.md`` says how the settings of a ``train`` block are mapped to each library, and what has no counterpart.
"""

from __future__ import annotations

from dataclasses import dataclass
from math import log

from stripe_dsl.emit.identifiers import literal
from stripe_dsl.emit.layout import WIDTH, layout
from stripe_dsl.ir.agent import Network
from stripe_dsl.ir.program import Program

SKRL_ACTIVATIONS = {"lrelu": "leaky_relu"}
SB3_ACTIVATIONS = {
    "elu": "ELU",
    "relu": "ReLU",
    "selu": "SELU",
    "crelu": "CELU",
    "lrelu": "LeakyReLU",
    "tanh": "Tanh",
    "sigmoid": "Sigmoid",
    "softplus": "Softplus",
    "gelu": "GELU",
    "swish": "SiLU",
    "mish": "Mish",
}
YAML_LIBRARIES = ("skrl", "rl_games", "sb3")


@dataclass(frozen=True, slots=True)
class AgentContext:
    """What the templates need beside the program.

    Attributes:
        files: templates by path in the package.
        entry_points: arguments of the registration, by key: text behind the package's name.
        ppo_imports: the import statement of the cfg of PPO.
        distillation_imports: that of the cfg of distillation.
        ppo_groups: source text of the observation groups of PPO's networks.
        distillation_groups: that of the student's and the teacher's.
        log_std: logarithm of the standard deviation that actions begin with.
        minibatch_per_env: steps of one environment in a mini-batch, where a library wants them to divide.
        critic_apart: whether the critic has other observations or another network than the actor.
        only_rsl_rl: what the file asks for and no other library has.
    """

    files: dict[str, str]
    entry_points: dict[str, str]
    ppo_imports: str
    distillation_imports: str
    ppo_groups: str
    distillation_groups: str
    log_std: float
    minibatch_per_env: int
    critic_apart: bool
    only_rsl_rl: str


def agent_context(program: Program) -> AgentContext:
    """The agent files of a task."""
    train = program.train
    files = {"agents/rsl_rl_ppo_cfg.py": "rsl_rl_ppo_cfg.py.jinja"}
    entry_points = {"rsl_rl": f"rsl_rl_ppo_cfg:{program.name}PPORunnerCfg"}
    ppo_groups = {"actor": list(train.actor_sees), "critic": list(train.critic_sees)}
    if train.rnd is not None:
        ppo_groups["rnd_state"] = list(train.rnd.sees)
    groups: dict[str, list[str]] = {}
    if train.distill is not None:
        files["agents/rsl_rl_distillation_cfg.py"] = "rsl_rl_distillation_cfg.py.jinja"
        entry_points["rsl_rl_distillation"] = f"rsl_rl_distillation_cfg:{program.name}DistillationRunnerCfg"
        groups = {"student": list(train.distill.sees), "teacher": list(train.actor_sees)}
    if train.symmetry is not None:
        files["agents/symmetry.py"] = "symmetry.py.jinja"
    for library in YAML_LIBRARIES:
        if library in train.libraries:
            files[f"agents/{library}_ppo_cfg.yaml"] = f"{library}_ppo_cfg.yaml.jinja"
            entry_points[library] = f"{library}_ppo_cfg.yaml"
    only = [name for name in ("rnd", "symmetry", "distill") if getattr(train, name) is not None]
    return AgentContext(
        files=files,
        entry_points=entry_points,
        ppo_imports=_import(_ppo_names(program)),
        distillation_imports=_import(_distillation_names(program)),
        ppo_groups=literal(ppo_groups),
        distillation_groups=literal(groups),
        log_std=log(train.init_std),
        minibatch_per_env=_divisor(train.steps, train.steps // train.mini_batches),
        critic_apart=train.critic_sees != train.actor_sees or _unlike(train.actor, train.critic),
        only_rsl_rl=" and ".join(", ".join(only).rsplit(", ", 1)),
    )


def yaml_value(value: object) -> str:
    """A number, a text or a list of them in YAML 1.1, which reads ``1e-05`` as a text."""
    text = literal(value)
    return text.replace("e", ".0e", 1) if isinstance(value, float) and "e" in text and "." not in text else text


def _ppo_names(program: Program) -> list[str]:
    train = program.train
    names = ["RslRlMLPModelCfg", "RslRlOnPolicyRunnerCfg", "RslRlPpoAlgorithmCfg"]
    names += ["RslRlRNNModelCfg"] if train.actor.recurrent or train.critic.recurrent else []
    names += ["RslRlCNNModelCfg"] if train.actor.convolutions or train.critic.convolutions else []
    names += ["RslRlRndCfg"] if train.rnd is not None else []
    names += ["RslRlSymmetryCfg"] if train.symmetry is not None else []
    return names


def _distillation_names(program: Program) -> list[str]:
    distill = program.train.distill
    if distill is None:
        return []
    names = ["RslRlDistillationAlgorithmCfg", "RslRlDistillationRunnerCfg", "RslRlMLPModelCfg"]
    networks = (distill.student, program.train.actor)
    names += ["RslRlCNNModelCfg"] if any(network.convolutions for network in networks) else []
    return names + (["RslRlRNNModelCfg"] if any(network.recurrent for network in networks) else [])


def _import(names: list[str]) -> str:
    """The import of cfg classes, over several lines where one is too short."""
    start, names = "from isaaclab_rl.rsl_rl import ", sorted(names)
    short = start + ", ".join(names)
    return short if len(short) <= WIDTH else layout(start, f"({', '.join(names)},)")


def _divisor(number: int, wish: int) -> int:
    """The largest divisor of a number that is not above the wish."""
    return next(size for size in range(max(1, wish), 0, -1) if number % size == 0)


def _unlike(actor: Network, critic: Network) -> bool:
    names = ("hidden", "activation", "normalize", "recurrent", "recurrent_size", "recurrent_layers", "convolutions")
    return any(getattr(actor, name) != getattr(critic, name) for name in names)
