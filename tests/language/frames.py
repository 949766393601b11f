"""Robots and tasks around the snippets of the language documents, so that a snippet is only what it is about."""

from __future__ import annotations

import re

ROBOTS = {
    "cartpole": """\
robot cartpole {
  usd "package://newton/examples/assets/cartpole_single_pendulum.usda" prim "/cartpole"
  joint slider = "slider_to_cart"
  joint pole   = "cart_to_pole"
  actuator slider { implicit; damping 10 N*s/m; effort 400 N }
  actuator pole   { implicit; effort 400 N*m }
""",
    "ant": """\
robot ant {
  usd "package://newton/examples/assets/ant.usda"
  spawn at (0, 0, 0.5) m
  pose {
    ".*_leg"         0 deg
    front_left_foot  45 deg;  front_right_foot -45 deg
    left_back_foot  -45 deg;  right_back_foot   45 deg
  }
  actuator joints { implicit; damping 0.1 N*m*s/rad; effort 15 N*m; armature 0.05 kg*m^2 }
""",
}
"""Robot blocks, still open."""

PARTS = {
    "cartpole": {
        "action": "action push = effort(slider) scale 100 N",
        "observe": "observe policy { slider.pos; pole.pos; slider.vel; pole.vel }",
        "terminate": "terminate { off_track = |slider.pos| > 3 m; timeout }",
    },
    "ant": {
        "action": "action drive = effort(joints) scale 7.5 N*m",
        "observe": "observe policy { joints.pos; joints.vel }",
        "terminate": "terminate { fallen = base.pos.z < 0.31 m; timeout }",
    },
}
COMMON = {
    "sim": "sim { physics 120 Hz; control 60 Hz; episode 5 s; envs 64 spaced 4 m }",
    "reward": "reward per second { alive = 1.0 * not failed }",
}

TWO = {
    "cartpole": "reward per second { alive = 1.0 * not failed; swing = -0.1 * wrap(pole.pos)^2 }",
    "ant": "reward per second { alive = 1.0 * not failed }",
}
"""Rewards of the task that a snippet extends."""

OPEN = {
    "task": "",
    "observe": "  observe policy {\n",
    "reward": "  reward per second {\n",
    "once": "  reward once {\n",
    "terminate": "  terminate {\n    timeout\n",
    "reset": "  reset {\n",
    "train": "  train ppo {\n",
    "scene": "  scene {\n",
    "sim": "  sim {\n",
}
"""Places a snippet may stand in, beside ``robot``: what is open before it."""


def frame(place: str, snippet: str) -> tuple[str, str]:
    """What stands before and after a snippet.

    Args:
        place: ``cartpole.task`` for statements of a task, ``cartpole.reward`` for reward terms, ``cartpole.robot``
            for statements of the robot, ``cartpole.two`` for what stands beside a whole task, and so on.

    Parts of a task that the snippet has itself are left out.
    """
    robot, _, inside = place.partition(".")
    if inside == "two":
        return ROBOTS[robot] + "}\n" + task(robot, "reward") + "  " + TWO[robot] + "\n}\n", ""
    if inside == "robot":
        return ROBOTS[robot], "}\n" + task(robot, "") + "}\n"
    before = ROBOTS[robot] + "}\n" + task(robot, snippet if inside == "task" else f"\n{inside} ") + OPEN[inside]
    return before, ("  }\n" if OPEN[inside] else "") + "}\n"


def task(robot: str, snippet: str) -> str:
    """The head of a task with every part that the snippet lacks; still open."""
    lines = ["task Test {", f"robot {robot}"]
    for word, part in (PARTS[robot] | COMMON).items():
        if not re.search(rf"^\s*(once|{word})\b" if word == "reward" else rf"^\s*{word}\b", snippet, re.MULTILINE):
            lines.append(part)
    return "\n  ".join(lines) + "\n"
