"""Writes what the compiler says under the lines of the language documents: ``python -m tests.language.update``.

For new examples and for messages that were reworded. The change is to be read before it is committed.
"""

from __future__ import annotations

import os
import sys
import tempfile
from pathlib import Path

from stripe_dsl.pipeline import check_file

from .blocks import Program, programs
from .test_language import DOCUMENTS, mark


def update(path: Path) -> None:
    """Rewrites one document."""
    text = path.read_text(encoding="utf-8")
    edits = [(program.places[name], new) for program in programs(path) for name, new in annotated(program).items()]
    for (start, end), new in sorted(edits, reverse=True):
        text = text[:start] + new + text[end:]
    path.write_text(text, encoding="utf-8")


def annotated(program: Program) -> dict[str, str]:
    """The files of a program with the diagnostics that they have."""
    here = Path.cwd()
    with tempfile.TemporaryDirectory() as folder:
        os.chdir(folder)
        try:
            for name, text in program.files.items():
                Path(name).write_text(text, encoding="utf-8")
            found = check_file(Path(folder, program.main), task=program.task, settings=program.settings).diagnostics
        finally:
            os.chdir(here)
    return {name: program.written(name, [mark(item) for item in found]) for name in program.texts}


if __name__ == "__main__":
    os.environ.pop("ISAACSIM_ASSET_ROOT", None)
    for document in DOCUMENTS:
        if len(sys.argv) < 2 or document.stem in sys.argv[1:]:
            update(document)
