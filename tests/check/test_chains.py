"""Definitions that use one another in a long chain are checked and emitted like any others."""

from __future__ import annotations

from pathlib import Path

from stripe_dsl.pipeline import check_source, compile_file
from stripe_dsl.source import SourceFile

CARTPOLE = (Path(__file__).parents[2] / "examples" / "cartpole.stripe").read_text(encoding="utf-8")


def chain(length: int) -> str:
    """Cartpole with ``length`` definitions, each of which uses the one before; the last one is observed."""
    lets = ["  let v0 = slider.pos", *(f"  let v{i} = v{i - 1} + {i}.5 m" for i in range(1, length))]
    text = CARTPOLE.replace("  observe policy", "\n".join([*lets, "  observe policy"]))
    return text.replace("{ slider.pos;", f"{{ slider.pos; v{length - 1};", 1)


def test_a_long_chain_is_checked() -> None:
    checked = check_source(SourceFile("chain.stripe", chain(800)))
    assert checked.diagnostics == []
    assert checked.programs[0].groups[0].width == 5


def test_a_long_chain_is_emitted(tmp_path: Path) -> None:
    file = tmp_path / "chain.stripe"
    file.write_text(chain(300), encoding="utf-8")
    packages, diagnostics = compile_file(file, tmp_path)
    assert diagnostics == []
    assert "v299" in packages[0].files["env.py"] or "v298" in packages[0].files["env.py"]
