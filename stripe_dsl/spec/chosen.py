"""``--set scene=…``: another scene for a task, by a name that its files know, or by the file that has it."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

from stripe_dsl.diagnostics import Diagnostic
from stripe_dsl.source import Span
from stripe_dsl.spec.modules import PACKAGE, YAML_SUFFIXES, Loader, Missing, Module
from stripe_dsl.spec.scene import SceneSpec
from stripe_dsl.text import and_list, did_you_mean

_FILE = re.compile(rf"(?P<file>.+(?:\.stripe|{'|'.join(map(re.escape, YAML_SUFFIXES))}))(?::(?P<name>[^/:]*))?")
ANY_FILE = "a scene of any file is `--set scene=path/to/file.stripe`"


@dataclass
class Choice:
    """What ``--set scene=…`` means: the scene with its name and its file, or what is wrong with it."""

    found: tuple[str, SceneSpec, Module] | None = None
    diagnostics: list[Diagnostic] = field(default_factory=list)


def chosen_scene(text: str, span: Span, modules: Sequence[Module], loader: Loader) -> Choice:
    """The scene that ``--set scene=<text>`` names.

    Args:
        text: ``name``, ``file.name`` with the name of an import, or the path of a file, relative to the working
            directory; ``path:name`` where it has several scenes.
        span: of the text, for what is reported.
        modules: files of the task and of those that it extends, the nearest first.
    """
    if (file := _FILE.fullmatch(text)) is not None:
        return _of_file(file["file"], file["name"], span, loader)
    known: dict[str, tuple[str, SceneSpec, Module]] = {}
    for module in modules:
        tables = [("", module), *((f"{alias}.", other) for alias, other in module.imports.items())]
        for before, owner in tables:
            for name, spec in owner.document.scene.items():
                known.setdefault(f"{before}{name}", (str(name), spec, owner))
    if text in known:
        return Choice(known[text])
    elsewhere = [name for name in known if name.endswith(f".{text}")]
    helps = tuple(f"did you mean `{name}`?" for name in elsewhere) or did_you_mean(text, known)
    if not helps:
        here = f"the task's files know {and_list(list(known))}; " if known else "the task's files know none; "
        helps = (here + ANY_FILE,)
    message = f"there is no scene `{text}` in `{modules[0].source.name}`"
    return Choice(diagnostics=[Diagnostic("E0218", message, span, helps=helps)])


def _of_file(written: str, name: str | None, span: Span, loader: Loader) -> Choice:
    """The scene of a file."""
    path = Path(written).expanduser()
    if written.startswith(PACKAGE) and loader.find is not None:
        found = loader.find(written)
        if isinstance(found, Missing):
            helps = (found.hint,) if found.hint else ()
            return Choice(diagnostics=[Diagnostic(found.code, found.reason, span, helps=helps)])
        path = found
    module = loader.load(Path.cwd() / path, span, written if written.startswith(PACKAGE) else "")
    if module is None:
        return Choice()  # the loader reported it
    scenes = module.document.scene
    names = [str(key) for key in scenes]
    if name is None and len(names) == 1:
        name = names[0]
    for key, spec in scenes.items():
        if key == name:
            return Choice((str(key), spec, module))
    if not names:
        message, helps = f"`{written}` defines no scene", ("name a file with a `scene` block",)
    elif name is None:
        message = f"`{written}` defines {len(names)} scenes: {and_list(names)}"
        helps = (f"choose one, as in `--set scene={written}:{names[0]}`",)
    else:
        message = f"there is no scene `{name}` in `{written}`"
        helps = did_you_mean(name, names) or (f"the file has {and_list(names)}",)
    return Choice(diagnostics=[Diagnostic("E0218", message, span, helps=helps)])
