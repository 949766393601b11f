"""Files and what they import: reads a document and, once each, the documents it names."""

from __future__ import annotations

import posixpath
import re
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from pathlib import Path

from stripe_dsl.diagnostics import Diagnostic
from stripe_dsl.source import SourceFile, Span, read_source
from stripe_dsl.spec.document import Document
from stripe_dsl.spec.values import Text
from stripe_dsl.text import close_names

YAML_SUFFIXES = (".yaml", ".yml")
PACKAGE = "package://"
"""What a file in an installed Python package begins with, as in ``package://zoo/robots.stripe``."""
STANDARD = Path(__file__).resolve().parents[1] / "std"
"""The standard library: what ``import "std/rewards.stripe"`` names where the file has no such file beside it."""


_YAML_KEY = re.compile(
    r"(?:\ufeff|\s|#.*|---.*|%YAML.*)*^(import|param|fn|robot|object|asset|scene|task):(?=\s|$)", re.MULTILINE
)


@dataclass(frozen=True)
class Missing:
    """Why there is no such file in a package: a code of a diagnostic, a sentence, and what to do about it."""

    code: str
    reason: str
    hint: str | None = None


type Finder = Callable[[str], Path | Missing]
"""Finds the file that ``package://zoo/robots.stripe`` names."""


@dataclass(eq=False)
class Module:
    """One file that was read.

    Attributes:
        imports: the modules it imports, by the name it gives them; those that could not be read are missing.
        package: folder of an installed package that it is in, as ``package://zoo``; empty for other files.
    """

    source: SourceFile
    document: Document
    imports: dict[str, Module] = field(default_factory=dict)
    package: str = ""

    @property
    def file_name(self) -> str:
        """The file's name without its folder; those of the standard library are ``std/rewards.stripe``."""
        if self.source.path is None or self.source.path.is_relative_to(STANDARD):
            return self.source.name
        return self.source.path.name

    @property
    def folder(self) -> Path | None:
        """Where relative paths of the file start."""
        return self.source.path.parent if self.source.path is not None else None

    @property
    def empty(self) -> bool:
        """Whether it defines nothing at all."""
        return not any(getattr(self.document, name) for name in type(self.document).model_fields)

    def qualified(self, reference: str) -> str:
        """How a file that this one names is called elsewhere: by its package, where this one is in a package."""
        if not self.package or not reference or "://" in reference or Path(reference).expanduser().is_absolute():
            return reference
        inside = posixpath.normpath(posixpath.join(self.package.removeprefix(PACKAGE), reference.replace("\\", "/")))
        return reference if inside.startswith("..") else PACKAGE + inside


class Loader:
    """Reads modules, each file once.

    Args:
        find: finds files in installed packages.

    Attributes:
        diagnostics: what is wrong with the files, in the order in which it was found.
        modules: every file that was read.
    """

    def __init__(self, find: Finder | None = None) -> None:
        self.find = find
        self.diagnostics: list[Diagnostic] = []
        self.modules: dict[Path, Module] = {}
        self._open: list[Path] = []

    def load(self, path: Path, span: Span | None = None, reference: str = "") -> Module | None:
        """The module of a file; ``None`` where it cannot be read, which is reported at ``span``."""
        path = path.resolve()
        if path in self.modules:
            return self.modules[path]
        try:
            source = read_source(path)
            if path.is_relative_to(STANDARD):  # the same messages wherever the package is installed
                source = replace(source, name=_shown(path))
            elif reference:
                source = replace(source, name=reference)
        except (FileNotFoundError, NotADirectoryError):
            self._report("E0601", f"there is no file `{_shown(path)}`", span, *_nearby(path))
            return None
        except IsADirectoryError:
            self._report("E0601", f"`{_shown(path)}` is a folder", span, "name a .stripe file in it")
            return None
        except UnicodeDecodeError:
            self._report("E0601", f"`{_shown(path)}` is not UTF-8 text", span)
            return None
        except OSError as problem:
            self._report("E0601", f"cannot read `{_shown(path)}`: {problem.strerror}", span)
            return None
        return self.load_source(source, posixpath.dirname(reference))

    def load_source(self, source: SourceFile, package: str = "") -> Module:
        """The module of a text that was read already."""
        document, diagnostics = read(source)
        self.diagnostics.extend(diagnostics)
        module = Module(source, document, package=package)
        if source.path is not None:
            self.modules[source.path] = module
            self._open.append(source.path)
        for name, target in document.imports.items():
            imported = self._import(module, target)
            if imported is not None:
                module.imports[str(name)] = imported
        if source.path is not None:
            self._open.pop()
        return module

    def _import(self, module: Module, target: Text) -> Module | None:
        path = (module.folder or Path.cwd()) / target
        reference = module.qualified(target)
        if target.startswith(PACKAGE) and self.find is not None:
            found = self.find(target)
            if isinstance(found, Missing):
                self._report(found.code, found.reason, target.span, *((found.hint,) if found.hint else ()))
                return None
            path = found
        elif target.startswith("std/") and not path.exists():
            path, reference = STANDARD / target.removeprefix("std/"), ""
        resolved = path.resolve()
        if resolved in self._open:
            cycle = [*self._open[self._open.index(resolved) :], resolved]
            chain = " -> ".join(item.name for item in cycle)
            message = f"files import each other: {chain}"
            self._report("E0211", message, target.span, "move what both need to a third file")
            return None
        return self.load(path, target.span, reference if reference.startswith(PACKAGE) else "")

    def _report(self, code: str, message: str, span: Span | None, *helps: str) -> None:
        self.diagnostics.append(Diagnostic(code, message, span, helps=helps))


def read(source: SourceFile) -> tuple[Document, list[Diagnostic]]:
    """The document of one text, in the form that its name says."""
    if source.name.endswith(YAML_SUFFIXES):
        from stripe_dsl.spec.yaml import read_yaml

        return read_yaml(source)
    from stripe_dsl.spec.read import read_document
    from stripe_dsl.syntax.parser import parse_file

    if (span := _yaml_key(source)) is not None:
        name = Path(source.name)
        helps = (
            f"call it `{name.stem}.stripe.yaml`",
            f"or bring it to this form then: `stripec convert {name.stem}.stripe.yaml -o {name.stem}.stripe`",
        )
        problem = Diagnostic("E0107", "this file is YAML, and its name does not say so", span, helps=helps)
        return read_document(source, ())[0], [problem]
    statements, diagnostics = parse_file(source)
    document, more = read_document(source, statements)
    return document, [*diagnostics, *more]


def _yaml_key(source: SourceFile) -> Span | None:
    """The key that a file begins with where it is YAML: no statement of a ``.stripe`` file has a colon there."""
    found = _YAML_KEY.match(source.text)
    return Span(source, *found.span(1)) if found is not None else None


def _shown(path: Path) -> str:
    if path.is_relative_to(STANDARD):
        return f"std/{path.relative_to(STANDARD).as_posix()}"
    try:
        return str(path.relative_to(Path.cwd()))
    except ValueError:
        return str(path)


def _nearby(path: Path) -> tuple[str, ...]:
    folder = path.parent
    if not folder.is_dir():
        return (f"the folder `{_shown(folder)}` does not exist either",)
    names = [item.name for item in folder.iterdir() if item.suffix in (".stripe", *YAML_SUFFIXES)]
    close = close_names(path.name, names)
    return (f"did you mean `{close[0]}`?",) if close else ()
