"""Names in generated code say what the file says, and its lines fit."""

from __future__ import annotations

from pathlib import Path

from stripe_dsl.emit.package import package_files
from stripe_dsl.pipeline import check_source
from stripe_dsl.source import SourceFile

TASK = """
robot hand {
  link stand { box (0.1, 0.1, 0.1) m; fixed }
  link left  { box (2, 1, 6) cm color #D04031; mass 50 g; at (0, 4, 20) cm }
  link right { box (2, 1, 6) cm; mass 50 g; at (0, -4, 20) cm }
  joint open_left  { type prismatic; parent stand; child left; axis y; limits 0..4 cm }
  joint open_right { type prismatic; parent stand; child right; axis -y; limits 0..4 cm }
  bodies tips = ["left", "right"]
  actuator joints { implicit; stiffness 2000 N/m; damping 100 N*s/m; effort 200 N }
}
object cube { box (5, 5, 5) cm color #D04031; mass 100 g; spawn at (0, 0, 20) cm }
task Grip {
  robot hand
  object cube
  scene { ground plane }
  sim { physics 120 Hz; control 30 Hz; episode 5 s; envs 64 spaced 2 m }
  sensor grip = contacts(tips) against cube
  action close = position(joints) scale 4 cm
  observe policy { joints.pos; (cube.pos - base.pos)@hand.body; (cube.lin_vel@world)@hand.body; grip.touching }
  reward per second { some = 0.5 * count(grip.touching); both = 1.0 * all(grip.touching) }
  terminate { timeout }
}
"""


def package() -> dict[str, str]:
    checked = check_source(SourceFile("grip.stripe", TASK))
    assert not checked.failed, checked.diagnostics
    (program,) = checked.programs
    return package_files(program, Path("out"))


def test_what_the_file_names_by_a_path_keeps_that_name() -> None:
    assert "grip_touching = torch.linalg.norm(self._grip_tips_normal_force, dim=-1) > 0.0" in package()["env.py"]


def test_lines_fit_whatever_is_named_and_coloured() -> None:
    files = {name: text for name, text in package().items() if name.endswith(".py")}
    assert "env_cfg.py" in files
    long = [(name, line) for name, text in files.items() for line in text.splitlines() if len(line) > 120]
    assert long == []
