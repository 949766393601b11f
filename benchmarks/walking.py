"""Trains walking robots, measures how well they do what they are told, and writes ``docs/walking.md``.

    python benchmarks/walking.py --logs logs --train --envs 256 --iterations 1500 --device cpu
    python benchmarks/walking.py --logs logs --train --envs 4096 --iterations 600 --device cuda:0
    python benchmarks/walking.py --logs logs --train --task forest_walk --envs 128 --iterations 600 --device cpu
    python benchmarks/walking.py --logs logs --train --task forest_walk --envs 4096 --iterations 900 --device cuda:0
    python benchmarks/walking.py --logs logs --train --task ant --envs 4096 --iterations 1000 --device cuda:0
    python benchmarks/walking.py --logs logs

The last form measures the last run in ``logs`` again, on any machine. The page has parts for each task, and in them for
runs on a CPU and on a GPU. What it says of a policy comes from the policy that was
exported and from ``manifest.json``, as a robot's program would use them: the commands and the velocities are read from
the observations, without their noise. Errors are means over all control steps of one episode in each environment, the
time in which the robot answers to a new command and to pushes included. An ant is not told where to go: what counts is
how far it gets.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).parents[1]))

from benchmarks.page import replaced

ROOT = Path(__file__).parents[1]
DOCS = ROOT / "docs"
PAGE = DOCS / "walking.md"
EXAMPLES = {"walk": "quadruped_walk", "forest_walk": "forest_walk", "ant": "ant"}
"""The files of the tasks, by the names of their packages."""
AXES = ("forwards", "sideways", "turning")
UNITS = ("m/s", "m/s", "rad/s")


def example(task: str) -> Path:
    """The file of a task."""
    return ROOT / "examples" / f"{EXAMPLES[task]}.stripe"


def stripec(*words: object) -> None:
    """The command, as a user gives it."""
    command = [sys.executable, "-c", "from stripe_dsl.cli.main import main; main()", *words]
    subprocess.run([str(word) for word in command], check=True, cwd=ROOT)


def train(args: argparse.Namespace) -> None:
    """Train as a user does."""
    options = ["--envs", args.envs, "--iterations", args.iterations, "--device", args.device]
    stripec("train", example(args.task), "--logs", args.logs, *options)


def curve(run: Path) -> dict[str, list[tuple[float, int, float]]]:
    """Minutes since the start, iteration and value of what TensorBoard shows, by its tag."""
    from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

    events = EventAccumulator(str(run))
    events.Reload()
    found = {tag: events.Scalars(tag) for tag in events.Tags()["scalars"] if not tag.endswith("/time")}
    start = min(event.wall_time for series in found.values() for event in series)
    return {
        tag: [((event.wall_time - start) / 60, event.step, event.value) for event in series]
        for tag, series in found.items()
    }


def draw(curves: dict[str, list[tuple[float, int, float]]]) -> str:
    """The return and the tracking terms against the time of training, as SVG."""
    from io import StringIO

    terms = [f"Episode_Reward/{name}" for name in ("track_xy", "track_yaw", "progress", "energy")]
    terms = [tag for tag in terms if tag in curves]
    import matplotlib
    from matplotlib.figure import Figure

    with matplotlib.rc_context():
        matplotlib.rcdefaults()
        matplotlib.rcParams.update({"svg.hashsalt": "stripe", "svg.fonttype": "none", "font.size": 9})
        figure = Figure(figsize=(8, 2.8), layout="constrained")
        left, right = figure.subplots(1, 2)
        for panel, tags, label in (
            (left, {"Train/mean_reward": "#c0392b"}, "return of an episode"),
            (right, dict(zip(terms, ("#1f618d", "#e59866"), strict=False)), "reward per second"),
        ):
            for tag, colour in tags.items():
                minutes, _, values = zip(*curves[tag], strict=True)
                panel.plot(minutes, values, color=colour, linewidth=1.2, label=tag.partition("/")[2])
            panel.set_xlabel("minutes of training")
            panel.set_title(label, fontsize=9)
            panel.grid(alpha=0.3)
            panel.spines[["top", "right"]].set_visible(False)
        right.legend(frameon=False)
        text = StringIO()
        figure.savefig(text, format="svg", metadata={"Date": None})
    return "\n".join(line.rstrip() for line in text.getvalue().splitlines()) + "\n"


def measure(run: Path, task: str, envs: int, device: str) -> dict[str, Any]:
    """Plays the exported policy for one episode in each environment.

    Returns:
        How many of ``envs`` robots had ``fallen``; what was ``asked`` of each axis and the ``error``, where there are
        commands; the mean ``speed`` of those that did not fall along the x axis of the world [m/s].
    """
    from stripe_dsl.runtime.launch import prepare_process

    prepare_process()
    import torch

    from stripe_dsl.runtime.console import OutputCapture
    from stripe_dsl.runtime.play import PlayRequest
    from stripe_dsl.runtime.progress import Display
    from stripe_dsl.runtime.session import Session, open_session

    package = ROOT / "generated" / task
    manifest = json.loads((package / "manifest.json").read_text())
    entries = manifest["observations"]["policy"]
    columns = {entry["name"]: slice(*entry["columns"]) for entry in entries}
    quiet = [f"env.observe.policy_{entry['name']}_noise=[0.0,0.0]" for entry in entries if "noise" in entry]
    policy = torch.jit.load(run / "exported" / "policy.pt").to(device)
    request = PlayRequest(package, device=device, num_envs=envs, overrides=quiet)
    with OutputCapture() as output, Display(output.stream) as display, open_session(request, display) as session:
        assert isinstance(session, Session), session
        with session.environment(run) as env, torch.inference_mode():
            told = "goal_xy" in columns
            wanted, errors, fallen = [], [], torch.zeros(envs, dtype=torch.bool, device=device)
            observations, robot = env.get_observations(), env.unwrapped.scene.articulations["robot"].data
            begin = robot.root_pos_w.torch[:, 0].clone()
            for _ in range(int(env.max_episode_length) - 1):
                seen = observations["policy"]
                if told:
                    v, w = seen[:, columns["v"]], seen[:, columns["w"]]
                    goal = torch.cat([seen[:, columns["goal_xy"]], seen[:, columns["goal_yaw"]]], dim=1)
                    wanted.append(goal.clone())
                    errors.append((goal - torch.cat([v[:, :2], w[:, 2:]], dim=1)).abs())
                observations, _, dones, _ = env.step(policy(seen))
                fallen |= dones.bool()
            found: dict[str, Any] = {"fallen": int(fallen.sum()), "envs": envs}
            seconds = (env.max_episode_length - 1) * env.unwrapped.step_dt
            found["seconds"] = seconds
            found["speed"] = float((robot.root_pos_w.torch[:, 0] - begin)[~fallen].mean() / seconds)
            if told:
                found["error"] = torch.stack(errors).mean(dim=(0, 1)).tolist()
                found["asked"] = torch.stack(wanted).abs().mean(dim=(0, 1)).tolist()
    return found


def play(run: Path, task: str, *options: str | Path) -> None:
    """Play the best policy as a user does, which exports it."""
    stripec("play", example(task), "--checkpoint", run / "best.pt", "--device", "cpu", *options)


def film(run: Path, task: str) -> None:
    """A film of the best policy, as a user makes it, and then small enough for a page: each second frame, 6 s of it."""
    from tempfile import TemporaryDirectory

    from PIL import Image, ImageSequence

    with TemporaryDirectory() as folder:
        whole = Path(folder) / "walk.webp"
        play(run, task, "--video", whole, "env.episode_length_s=8")
        with Image.open(whole) as frames:
            small = [frame.convert("RGB").resize((360, 240)) for frame in ImageSequence.Iterator(frames)][:150:2]
    small[0].save(
        DOCS / f"{task}.webp", save_all=True, append_images=small[1:], duration=80, loop=0, quality=60, method=6
    )


def main() -> None:
    """Train where that is asked for, measure, and write the page."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--logs", type=Path, required=True)
    parser.add_argument("--task", choices=EXAMPLES, default="walk")
    parser.add_argument("--train", action="store_true")
    parser.add_argument("--envs", type=int, default=256)
    parser.add_argument("--iterations", type=int, default=1500)
    parser.add_argument("--device", default="cpu", help="to train on, and to measure on")
    parser.add_argument("--machine", help="what the page calls the device that it was trained on")
    parser.add_argument("--film", action="store_true", help="make the page's film of this run")
    args = parser.parse_args()
    import yaml

    args.logs = args.logs.absolute()
    if args.train:
        train(args)
    run = max((args.logs / "rsl_rl" / args.task).iterdir())
    trained_on = yaml.unsafe_load((run / "params" / "agent.yaml").read_text())["device"]
    kind = "cpu" if trained_on == "cpu" else "gpu"
    curves = curve(run)
    reward = curves["Train/mean_reward"]
    if args.film:
        film(run, args.task)
    else:
        play(run, args.task, "--envs", "1", "--episodes", "1")
    # baked scenes are not in the repository
    stripec("compile", example(args.task), "--out", ROOT / "generated")
    found = measure(run, args.task, 64, args.device)
    (DOCS / f"{args.task}_{kind}.svg").write_text(draw(curves))
    rows = [f"Those that did not fall ran at {found['speed']:.1f} m/s."]
    if "error" in found:
        rows = ["| | asked for, mean size | error, mean size |", "|---|---|---|"]
        for axis, unit, asked, error in zip(AXES, UNITS, found["asked"], found["error"], strict=True):
            rows.append(f"| {axis} | {asked:.2f} {unit} | {error:.2f} {unit} |")
    envs = yaml.unsafe_load((run / "params" / "env.yaml").read_text())["scene"]["num_envs"]
    text = f"{reward[-1][1] + 1} iterations with {envs:,} environments on {args.machine or trained_on} in "
    text += f"{reward[-1][0]:.1f} minutes; {found['fallen']} of {found['envs']} robots fell "
    text += f"within {found['seconds']:.0f} s.\n\n"
    text += "\n".join(rows) + "\n"
    PAGE.write_text(replaced(PAGE.read_text(), f"{args.task} {kind}", text))
    print(text)


if __name__ == "__main__":
    main()
