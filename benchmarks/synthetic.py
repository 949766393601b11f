"""Writes long ``.stripe`` files for the benchmarks: without mistakes, and like those that people write."""

from __future__ import annotations

from collections.abc import Iterator

LEGS = {"front_left": (0.2, 0.12), "front_right": (0.2, -0.12), "back_left": (-0.2, 0.12), "back_right": (-0.2, -0.12)}


def document(lines: int) -> str:
    """A file of at least ``lines`` lines: a legged robot, one task that is a quarter of the file, and many of the usual
    size."""
    out = list(robot())
    out += task("Large", lines // 8)
    number = 1
    while len(out) < lines:
        out += task(f"Walk{number}", 6 + number % 5)
        number += 1
    return "\n".join(out) + "\n"


def robot() -> Iterator[str]:
    """A robot of primitives with four legs of two joints."""
    yield "# A robot with four legs, and many things to learn."
    yield "param effort = 15 N*m"
    yield "robot walker {"
    yield "  link torso { box (0.4, 0.2, 0.1) m; mass 4 kg }"
    limb = "capsule radius 2 cm length 0.2 m at (0, 0, -0.1) m"
    for leg, (x, y) in LEGS.items():
        hip, knee = f"({x}, {y}, 0) m", f"({x}, {y}, -0.2) m"
        hinge = "type revolute; axis y"
        yield f"  link {leg}_thigh {{ {limb}; mass 0.6 kg; at {hip} }}"
        yield f"  link {leg}_foot  {{ {limb}; mass 0.2 kg; at {knee} }}"
        yield f"  joint {leg}_hip  {{ {hinge}; parent torso; child {leg}_thigh; at {hip}; limits -60..60 deg }}"
        yield f"  joint {leg}_knee {{ {hinge}; parent {leg}_thigh; child {leg}_foot; at {knee}; limits -90..90 deg }}"
    yield '  joints hips = ".*_hip"'
    yield '  bodies feet = ".*_foot"'
    yield "  actuator joints { implicit; damping 0.1 N*m*s/rad; effort 15 N*m }"
    yield "  spawn at (0, 0, 0.5) m"
    yield "}"


def task(name: str, size: int) -> Iterator[str]:
    """A task with ``size`` definitions and as many rewards; later definitions use earlier ones."""
    yield ""
    yield f"# Walk towards a target; variation {name}."
    yield f"task {name} {{"
    yield "  robot walker"
    yield "  scene { ground plane friction 1; light dome }"
    yield "  sim   { physics 120 Hz; control 60 Hz; episode 16 s; envs 4096 spaced 5 m }"
    yield ""
    yield "  action drive = effort(joints) scale effort / 2 clip -1..1"
    yield ""
    yield "  param target = (1000, 0) m"
    yield "  let to_target = target - base.pos.xy"
    yield "  let distance  = |to_target|"
    yield "  let bearing   = wrap(atan2(to_target.y, to_target.x) - base.yaw)"
    yield "  let bend      = rescale(joints.pos, joints.lower, joints.upper)"
    for i in range(size):
        before = f"near{i // 2}" if i else "distance / 1 m"
        yield f"  let near{i} = exp(-{before} / {i + 2}) * cos(bearing) + 0.{i + 1} * mean(abs(bend))"
    yield ""
    yield "  observe policy {"
    yield "    base.pos.z; base.lin_vel@body; base.ang_vel@body"
    yield "    base.yaw; bearing; bend"
    yield "    joints.vel  scale 0.2 noise +-0.1 rad/s"
    yield f"    near{size - 1}"
    yield "    hips.pos; feet.pos@world.z"
    yield "    prev(drive)"
    yield "  }"
    yield "  reward once {"
    yield "    progress = 1.0 * (prev(distance) - distance) / 1 m"
    yield "  }"
    yield "  reward per second {"
    yield "    alive  =  0.5   * not failed"
    yield "    energy = -0.05  * sum(abs(drive * joints.vel)) / 1 rad * 1 s"
    for i in range(size):
        yield f"    term{i} = {i + 1}e-3 * near{i} * clip(base.lin_vel@body.x / {i + 1} m * 1 s, 0, 1)"
    yield "  }"
    yield "  terminate {"
    yield "    fallen = base.pos.z < 0.31 m"
    yield "    timeout"
    yield "  }"
    yield "  reset {"
    yield "    joints.pos = default + (+-0.2 rad)"
    yield "    joints.vel = +-0.1 rad/s"
    yield "  }"
    yield "  train ppo { steps 32; iterations 1000; rate 5e-4; actor 400 200 100 elu; critic 400 200 100 elu }"
    yield "}"
