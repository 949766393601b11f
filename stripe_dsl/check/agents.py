"""The agent: networks, algorithm and what is added to it, from the `train` block."""

from __future__ import annotations

from collections.abc import Collection, Mapping

from stripe_dsl.check.constants import Settings
from stripe_dsl.ir.agent import Convolution, Curiosity, Distill, Network, Train
from stripe_dsl.ir.observations import Group
from stripe_dsl.source import Span
from stripe_dsl.spec.agents import DistillSpec, RndSpec, TrainSpec
from stripe_dsl.spec.values import Expression, Text
from stripe_dsl.syntax import ast
from stripe_dsl.text import did_you_mean
from stripe_dsl.units import DIMENSIONLESS

ACTIVATIONS = ("elu", "relu", "selu", "crelu", "lrelu", "tanh", "sigmoid", "softplus", "gelu", "swish", "mish")
RECURRENT = ("lstm", "gru")
LIBRARIES = ("rsl_rl", "skrl", "rl_games", "sb3")
"""Libraries that a cfg is written for; the first one always."""

ACTIVATIONS_OF = {
    "skrl": ("elu", "lrelu", "relu", "selu", "sigmoid", "softplus", "tanh"),
    "rl_games": ("relu", "tanh", "sigmoid", "elu", "selu", "swish", "gelu", "softplus"),
}
"""Activations of libraries that do not have all."""

SKRL_SEES = ((("policy",), ("policy",)), (("policy",), ("critic",)))
"""Groups of actor and critic that skrl's wrapper hands on."""


def check_train(spec: TrainSpec | None, settings: Settings, task: Text, groups: Collection[str]) -> Train:
    """Settings of the agent; what is absent gets the values that Isaac Lab's own tasks use.

    Args:
        groups: names of the task's observation groups.
    """
    spec = spec if spec is not None else TrainSpec.model_construct(None)
    settings.word(spec.algorithm, "train", ("ppo",), "ppo")
    positive, whole = settings.positive, settings.whole
    actor = _network(spec.actor, "actor", settings)
    critic = _network(spec.critic, "critic", settings) if spec.critic else actor
    actor_sees = _groups(spec.sees.actor if spec.sees is not None else [], groups, settings, ("policy",))
    fallback = ("critic",) if "critic" in groups else actor_sees
    critic_sees = _groups(spec.sees.critic if spec.sees is not None else [], groups, settings, fallback)
    train = Train(
        steps=whole(spec.steps, "steps", 24),
        iterations=whole(spec.iterations, "iterations", 300),
        actor=actor,
        critic=critic,
        actor_sees=actor_sees,
        critic_sees=critic_sees,
        init_std=positive(spec.init_std, DIMENSIONLESS, "init_std", 1.0),
        learning_rate=positive(spec.rate, DIMENSIONLESS, "rate", 1e-3),
        schedule=settings.word(spec.schedule, "schedule", ("adaptive", "fixed"), "adaptive"),
        gamma=_share(spec.gamma, "gamma", settings, 0.99),
        lam=_share(spec.lam, "lam", settings, 0.95),
        epochs=whole(spec.epochs, "epochs", 5),
        mini_batches=whole(spec.batches, "batches", 4),
        clip=positive(spec.clip, DIMENSIONLESS, "clip", 0.2),
        entropy=settings.not_negative(spec.entropy, DIMENSIONLESS, "entropy") or 0.0,
        value_loss=positive(spec.value_loss, DIMENSIONLESS, "value_loss", 1.0),
        desired_kl=positive(spec.kl, DIMENSIONLESS, "kl", 0.01),
        max_grad_norm=positive(spec.grad_norm, DIMENSIONLESS, "grad_norm", 1.0),
        save_every=whole(spec.save_every, "save_every", 50),
        seed=whole(spec.seed, "seed", 42, least=0),
        rnd=_rnd(spec.rnd, settings, groups) if spec.rnd is not None else None,
        distill=_distill(spec.distill, settings, groups) if spec.distill is not None else None,
        libraries=_libraries(spec.libraries, settings),
        span=spec.span if spec.span is not None else task.span,
    )
    for word in spec.libraries:
        if isinstance(word.node, ast.Name) and word.node.id in train.libraries:
            _fits(word.node.id, word, train, settings)
    return train


def _fits(library: str, word: Expression, train: Train, settings: Settings) -> None:
    """Reports what the cfg of a library cannot hold."""
    networks = (train.actor, train.critic)
    problem = ""
    if library != "rl_games" and any(network.recurrent for network in networks):
        problem = "has no recurrent networks in its cfg"
    for network in networks:
        if network.activation not in ACTIVATIONS_OF.get(library, ACTIVATIONS):
            problem = f"has no activation `{network.activation}`"
    if library == "skrl" and (train.actor_sees, train.critic_sees) not in SKRL_SEES:
        problem = "gives the group `policy` to the actor, and `critic` or `policy` to the critic"
    if library == "sb3" and train.actor_sees != ("policy",):
        problem = "gives the group `policy` to the actor"
    if library == "skrl" and train.actor_sees == train.critic_sees and networks[0].normalize != networks[1].normalize:
        problem = "normalises the observations of both networks, or of none"
    if problem:
        help = f"change the network, or take `{library}` out of `libraries`"
        settings.report.error("E0309", f"`{library}` {problem}", word.span, help)


def _groups(
    words: list[Expression], groups: Collection[str], settings: Settings, fallback: tuple[str, ...]
) -> tuple[str, ...]:
    """Names of observation groups."""
    found: list[str] = []
    for word in words:
        name = word.node.id if isinstance(word.node, ast.Name) else word.span.text
        if name in groups:
            found.append(name)
        else:
            helps = did_you_mean(name, list(groups), listing=True)
            settings.report.error("E0201", f"there is no observation group `{name}`", word.span, *helps)
    return tuple(dict.fromkeys(found)) or fallback


def _libraries(words: list[Expression], settings: Settings) -> tuple[str, ...]:
    found = [settings.word(word, "libraries", LIBRARIES, "rsl_rl") for word in words]
    return tuple(dict.fromkeys(name for name in found if name != "rsl_rl"))


def _rnd(spec: RndSpec, settings: Settings, groups: Collection[str]) -> Curiosity:
    report = settings.report
    if spec.weight is None:
        report.error("E0214", "`rnd` does not say its `weight`", spec.span, "add `weight 0.5`")
    fade = settings.pair(spec.fade, DIMENSIONLESS, "fade") if spec.fade is not None else None
    if fade is not None and not (0 <= fade[0] < fade[1] and all(end == int(end) for end in fade)):
        assert spec.fade is not None
        message = "`fade` is a range of control steps, which are whole numbers"
        report.error("E0309", message, spec.fade.span, "write `fade 1000..5000`")
        fade = None
    if fade is None and spec.fade is None and spec.final is not None:
        report.error("E0214", "`final` is the weight after `fade`", spec.final.span, "add `fade 1000..5000`")
    normalize = [settings.word(word, "normalize", ("state", "reward"), "state") for word in spec.normalize]
    return Curiosity(
        weight=settings.positive(spec.weight, DIMENSIONLESS, "weight", 1.0),
        fade=(int(fade[0]), int(fade[1])) if fade is not None else None,
        final=settings.not_negative(spec.final, DIMENSIONLESS, "final") or 0.0,
        sees=_groups(spec.sees, groups, settings, ("policy",)),
        predictor=_sizes(spec.predictor, "predictor", settings),
        target=_sizes(spec.target, "target", settings),
        outputs=settings.whole(spec.outputs, "outputs", 1),
        learning_rate=settings.positive(spec.rate, DIMENSIONLESS, "rate", 1e-3),
        normalize_state="state" in normalize,
        normalize_reward="reward" in normalize,
        span=spec.span,
    )


def _sizes(words: list[Expression], key: str, settings: Settings) -> tuple[int, ...]:
    return tuple(settings.whole(word, key, 1) for word in words) or (128, 128)


def _distill(spec: DistillSpec, settings: Settings, groups: Collection[str]) -> Distill:
    whole, positive = settings.whole, settings.positive
    return Distill(
        student=_network(spec.student, "student", settings),
        sees=_groups(spec.sees, groups, settings, ("policy",)),
        steps=whole(spec.steps, "steps", 120),
        iterations=whole(spec.iterations, "iterations", 300),
        epochs=whole(spec.epochs, "epochs", 2),
        learning_rate=positive(spec.rate, DIMENSIONLESS, "rate", 1e-3),
        gradient_length=whole(spec.gradient, "gradient", 15),
        loss=settings.word(spec.loss, "loss", ("mse", "huber"), "mse"),
        init_std=positive(spec.init_std, DIMENSIONLESS, "init_std", 0.1),
        max_grad_norm=positive(spec.grad_norm, DIMENSIONLESS, "grad_norm", 1.0) if spec.grad_norm else None,
        span=spec.span,
    )


def _share(value: Expression | None, key: str, settings: Settings, fallback: float) -> float:
    number = settings.number(value, DIMENSIONLESS, key, fallback)
    assert number is not None
    if value is not None and not 0 <= number <= 1:
        settings.report.error("E0309", f"`{key}` lies between 0 and 1", value.span, f"it is {number:g} here")
        return fallback
    return number


def _network(words: list[Expression], key: str, settings: Settings) -> Network:
    """``lstm 256 128 64 elu normalize``: recurrent layers, then sizes, an activation and whether to normalise."""
    hidden: list[int] = []
    recurrent: list[tuple[str, int]] = []
    convolutions: list[Convolution] = []
    activation, normalize = "elu", False
    first, words = words[0] if words else None, list(words)
    while words:
        word = words.pop(0)
        name = word.node.id if isinstance(word.node, ast.Name) else ""
        if isinstance(word.node, ast.Number) or name in settings.lowering.scope.params:
            hidden.append(settings.whole(word, key, 1))
        elif name == "normalize":
            normalize = True
        elif name in ACTIVATIONS:
            activation = name
        elif isinstance(word.node, ast.Call):
            convolutions += _convolution(word.node, key, settings, behind=bool(hidden))
        elif name in RECURRENT:
            recurrent += _recurrent(word, words, key, settings, behind=bool(hidden))
        else:
            text = word.span.text
            sizes = " ".join(item.span.text for item in getattr(word.node, "items", ()))
            helps = (f"write `{key} {sizes} elu`: sizes stand side by side",) if sizes else ()
            helps = helps or did_you_mean(text, [*ACTIVATIONS, *RECURRENT, "normalize"], listing=True)
            message = (
                f"`{key}` takes layer sizes, an activation, recurrent layers, `conv(…)` and `normalize`, not `{text}`"
            )
            settings.report.error("E0309", message, word.span, *helps)
    kind, size = recurrent[0] if recurrent else ("", 0)
    if first is not None and len(set(recurrent)) > 1:
        settings.report.error("E0309", f"the recurrent layers of `{key}` are of one kind and size", first.span)
    if first is not None and recurrent and convolutions:
        message = f"`{key}` has recurrent layers and convolutions, which rsl_rl's models do not combine"
        settings.report.error("E0309", message, first.span, "keep one of the two")
    sizes = tuple(hidden) or (128, 128, 128)
    return Network(sizes, activation, normalize, kind, size, len(recurrent), tuple(convolutions))


def _convolution(node: ast.Call, key: str, settings: Settings, *, behind: bool) -> list[Convolution]:
    """``conv(16, 5, stride = 2)``: numbers for each place, edge of the kernel, step."""
    example = "write `conv(16, 5, stride = 2)`: channels, kernel, stride"
    given = {name.id: value for name, value in node.keywords}
    given = dict(zip(("channels", "kernel", "stride"), node.args, strict=False)) | given
    called = isinstance(node.function, ast.Name) and node.function.id == "conv"
    known = {"channels", "kernel"} <= given.keys() <= {"channels", "kernel", "stride"}
    if not called or not known or len(given) != len(node.args) + len(node.keywords):
        settings.report.error("E0209", f"a layer of `{key}` is no `{node.span.text}`", node.span, example)
        return []
    if behind:
        message = f"convolutions of `{key}` stand before the other layers"
        settings.report.error("E0309", message, node.span, f"write `{key} {node.span.text} 128 elu`")
    whole = {name: settings.whole(Expression(value), name, 1) for name, value in given.items()}
    return [Convolution(whole["channels"], whole["kernel"], whole.get("stride", 1))]


def check_pictures(spec: TrainSpec | None, train: Train, groups: Mapping[str, Group], settings: Settings) -> None:
    """Reports networks that cannot see what they are shown: pictures go through convolutions, numbers do not."""
    parts = [("actor", train.actor, train.actor_sees, spec.actor if spec is not None else [])]
    parts.append(("critic", train.critic, train.critic_sees, (spec.critic or spec.actor) if spec is not None else []))
    if spec is not None and spec.distill is not None and train.distill is not None:
        parts.append(("student", train.distill.student, train.distill.sees, spec.distill.student))
    told: set[int] = set()
    for key, network, sees, words in parts:
        seen = [groups[name] for name in sees if name in groups]
        pictures = [group for group in seen if group.picture is not None]
        span = words[0].span if words else train.span
        if span is None or span.start in told or not (pictures or network.convolutions):
            continue
        before = len(settings.report.diagnostics)
        if not network.convolutions:
            message = f"the {key} sees the picture `{pictures[0].name}` and has no convolutions"
            help = f"write `{key} conv(16, 5, stride = 2) 128 elu`, or show it other groups with `sees`"
            settings.report.error("E0309", message, span, help)
        elif not pictures:
            message = f"the {key} has convolutions and sees no picture"
            settings.report.error("E0309", message, span, f"show it one, as in `sees {{ {key} policy pixels }}`")
        elif network.normalize and len(pictures) == len(seen):
            message = f"`normalize` is for numbers, and the {key} sees pictures alone"
            settings.report.error("E0309", message, span, "remove it, and `scale` the pictures")
        else:
            for group in pictures:
                _fits_picture(key, network, group, span, settings)
        if len(settings.report.diagnostics) > before:
            told.add(span.start)
    if spec is None:
        return
    if spec.rnd is not None and train.rnd is not None:
        for name in train.rnd.sees:
            if name in groups and groups[name].picture is not None:
                message = f"curiosity about pictures is not there: `{name}` is one"
                settings.report.error("E0309", message, spec.rnd.span, "let `sees` name groups of numbers")
    for word in spec.libraries:
        if (
            isinstance(word.node, ast.Name)
            and word.node.id in train.libraries
            and (train.actor.convolutions or train.critic.convolutions)
        ):
            help = f"take `{word.node.id}` out of `libraries`"
            settings.report.error("E0309", f"`{word.node.id}` has no convolutions in its cfg", word.span, help)


def _fits_picture(key: str, network: Network, group: Group, span: Span, settings: Settings) -> None:
    """Reports kernels that are larger than what the layer before leaves of a picture."""
    assert group.picture is not None
    rows, columns = group.picture
    for number, layer in enumerate(network.convolutions, start=1):
        if min(rows, columns) < layer.kernel:
            message = f"the kernel of convolution {number} of the {key} is {layer.kernel} x {layer.kernel}"
            message += f", and the picture `{group.name}` is {columns} x {rows} there"
            settings.report.error("E0309", message, span, "take a smaller kernel or stride, or a larger picture")
            return
        rows, columns = layer.result(rows), layer.result(columns)


def _recurrent(
    word: Expression, rest: list[Expression], key: str, settings: Settings, *, behind: bool
) -> list[tuple[str, int]]:
    """One recurrent layer; all of a network are alike, and stand before the others."""
    name = word.span.text
    if behind:
        message = f"recurrent layers of `{key}` stand before the others"
        settings.report.error("E0309", message, word.span, f"write `{key} {name} 256 128 elu`")
    size = rest[0].node if rest else None
    if size is None or (isinstance(size, ast.Name) and size.id not in settings.lowering.scope.params):
        settings.report.error("E0214", f"`{name}` needs its size", word.span, f"write `{name} 256`")
        return []
    return [(name, settings.whole(rest.pop(0), key, 1))]
