"""One measurement, in a process of its own; ``benchmarks/run.py`` starts it with a JSON object as its argument.

**A control step and bare physics.** Both are timed in the same process, in turns:

    real steps, not timed | physics, timed | real steps, not timed | real steps, timed | and again

Bare physics is as many physics steps as a control step makes, and nothing else. An environment that is only ever
simulated is never reset: its robots fall, lie on the ground and touch it in more places, which is another and dearer
problem to solve. Timing the physics inside every step would need a wait for the device around it, which takes away
what the device does while Python goes on, and finds physics dearer than the whole step. So the real steps (with their
resets) bring the robots into the states that the task has, and a short block of physics starts there; it is too short
for the states to change much. Both kinds of block have the same length, a wait for the device at each end, and the
same actions on every side. A repeat is the mean of many blocks, so that rare resets count as often as they happen;
the result is the median of the repeats.

Physics is run as the environment runs it. Most call ``sim.step``, which replays a CUDA graph on a GPU and launches
kernel by kernel from Python on a CPU. An environment that records its whole step turns that graph off; there
``sim.step`` from Python is what it never does, and on either device dearer than its whole step. Its physics is recorded
and replayed, too. The two are told apart in ``physics_how``, and are two columns of the table.

**Training.** PPO iterations of rsl_rl's own runner with its plain wrapper, or of the runner behind ``stripec train``,
on the same agent. What is collected and what is learned is timed by rsl_rl; the time of a whole iteration is on the
clock. Kernels are compiled before, and the first iterations are left out.
"""

from __future__ import annotations

import json
import random
import statistics
import sys
import tempfile
import time
from collections.abc import Callable
from contextlib import ExitStack
from importlib.metadata import version
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).parents[1]))

from benchmarks.environments import Configuration, built, configuration
from benchmarks.page import cpu_name

ACTIONS = 16
"""Sets of random actions that are drawn before; each step takes one of them at random."""
BLOCK = {"cuda": 5, "cpu": 2}
"""Control steps in a timed block; on a GPU enough for its wait to be small. The tasks make two physics steps each."""
BETWEEN = 2
"""Blocks of untimed steps before a timed one."""
MOST_BLOCKS = 40
KERNEL_STEPS = 10
"""Steps before training, which compile the kernels that are left."""
PACKAGES = ("isaaclab", "newton", "mujoco-warp", "warp-lang", "torch", "rsl-rl-lib")


class Stepper:
    """Steps an environment with random actions, uniform in -1..1; the same on every side.

    Attributes:
        physics_how: ``called`` if the physics is ``sim.step`` from Python, ``replayed`` if it is recorded before.
        resets: Share of the environments that ended an episode, summed over the steps that counted.
        counted: Steps that counted.
    """

    def __init__(self, env: Any) -> None:
        """Reset ``env`` and draw the actions; episodes begin at random times, so that time-outs are spread."""
        import torch

        self.env = env
        self.cuda = "cuda" in str(env.device)
        env.reset()
        shape = (ACTIONS, env.num_envs, env.single_action_space.shape[0])
        generator = torch.Generator().manual_seed(0)
        self._actions = (torch.rand(shape, generator=generator) * 2 - 1).to(env.device)
        self._choice = random.Random(0)
        env.episode_length_buf = torch.randint_like(env.episode_length_buf, high=int(env.max_episode_length))
        # one call does all physics steps of a control step where the back end folds them
        self._calls = 1 if getattr(env, "_physics_handles_decimation", False) else env.cfg.decimation
        # an environment that records its whole step has turned off the graph of the physics
        self._recorded = None
        if not env.cfg.sim.physics.use_cuda_graph:
            from isaaclab_experimental.utils.warp_graph_cache import WarpGraphCache

            self._recorded = WarpGraphCache()
        # on a CPU the manager of a generated package replays what it recorded, where Isaac Lab's own launches kernels
        manager = env.sim.physics_manager  # a class, or the name of one, which looks it up for all but dunders
        replays = not self.cuda and any(base.__name__ == "NewtonRecordedManager" for base in manager.mro())
        self.physics_how = "called" if self._recorded is None and not replays else "replayed"
        self.resets, self.counted = torch.zeros((), device=env.device), 0

    def step(self) -> Any:
        """One control step."""
        return self.env.step(self._actions[self._choice.randrange(ACTIONS)])

    def physics(self) -> None:
        """The physics of one control step, as the environment runs it."""
        if self._recorded is None:
            self._call_physics()
        else:
            self._recorded.capture_or_replay("physics", self._call_physics)

    def _call_physics(self) -> None:
        for _ in range(self._calls):
            self.env.sim.step(render=False)

    def run(self, steps: int) -> None:
        """Step without a clock, counting resets on the device."""
        for _ in range(steps):
            _, _, terminated, truncated, _ = self.step()
            self.resets += (terminated | truncated).float().mean()
        self.counted += steps

    def wait(self) -> None:
        """Wait for the device."""
        if self.cuda:
            import torch

            torch.cuda.synchronize()

    def timed(self, work: Callable[[], Any], times: int) -> float:
        """Seconds that a block of ``times`` calls takes."""
        self.wait()
        start = time.perf_counter()
        for _ in range(times):
            work()
        self.wait()
        return time.perf_counter() - start


def step(spec: dict[str, Any]) -> dict[str, Any]:
    """Milliseconds of a control step and of its physics, and the memory after that."""
    import torch

    before = memory_in_use(spec["device"])
    with built(load(spec)) as env, torch.inference_mode():  # a rollout runs without gradients, too
        stepper, block = Stepper(env), BLOCK[spec["device"].partition(":")[0]]
        between = BETWEEN * block
        stepper.run(spec["warm_up"])
        stepper.timed(stepper.physics, block)
        stepper.run(between)
        once = stepper.timed(stepper.step, 2 * block) / (2 * block)
        round_seconds = once * 2 * (between + block)
        blocks = min(MOST_BLOCKS, max(2, round(spec["seconds"] / spec["repeats"] / round_seconds)))
        stepper.resets.zero_()
        stepper.counted = 0
        steps, physics = [], []
        for _ in range(spec["repeats"]):
            step_seconds = physics_seconds = 0.0
            for _ in range(blocks):
                stepper.run(between)
                physics_seconds += stepper.timed(stepper.physics, block)
                stepper.run(between)
                step_seconds += stepper.timed(stepper.step, block)
            steps.append(round(step_seconds / blocks / block * 1e3, 4))
            physics.append(round(physics_seconds / blocks / block * 1e3, 4))
        return {
            "step_ms": round(statistics.median(steps), 4),
            "physics_ms": round(statistics.median(physics), 4),
            "physics_how": stepper.physics_how,
            "step_repeats_ms": steps,
            "physics_repeats_ms": physics,
            "timed_steps": spec["repeats"] * blocks * block,
            "resets_per_step": round(float(stepper.resets) / stepper.counted, 6),
            "memory_bytes": memory_in_use(spec["device"]) - before,
        }


def memory(spec: dict[str, Any]) -> dict[str, Any]:
    """Memory of the process after some steps, without what importing takes."""
    import torch

    before = memory_in_use(spec["device"])
    with built(load(spec)) as env, torch.inference_mode():
        Stepper(env).run(spec["warm_up"])
        return {"memory_bytes": memory_in_use(spec["device"]) - before}


def memory_in_use(device: str) -> int:
    """Bytes in use on the whole GPU, or resident in this process on a CPU."""
    if device != "cpu":
        import torch

        torch.cuda.synchronize(device)
        free, total = torch.cuda.mem_get_info(device)
        return total - free
    import psutil

    return psutil.Process().memory_info().rss


def train(spec: dict[str, Any], *, compile: bool = False) -> dict[str, Any]:
    """Seconds of the parts of a PPO iteration."""
    import torch
    from isaaclab.utils import to_dict
    from isaaclab_rl.entrypoints.common import scoped_torch_backend_flags
    from isaaclab_rl.rsl_rl import RslRlVecEnvWrapper
    from rsl_rl.runners import OnPolicyRunner

    from stripe_dsl.runtime.runner import CheckedVecEnv, ReportingRunner

    config = load(spec)
    agent = config.agent
    agent.num_steps_per_env = spec["steps_per_env"]
    if compile:
        agent.torch_compile_mode = "default"
        if spec["variant"] == "ours_torch":
            config.env.compile = True
    with ExitStack() as stack:
        env: Any = stack.enter_context(built(config))
        # as `stripec train` and `isaaclab train` do
        flags = {"cuda_matmul_allow_tf32": True, "cudnn_allow_tf32": True}
        stack.enter_context(scoped_torch_backend_flags(**flags, cudnn_deterministic=False, cudnn_benchmark=True))
        if spec["runner"] == "stripec":
            folder = stack.enter_context(tempfile.TemporaryDirectory())
            wrapped = CheckedVecEnv(env, clip_actions=agent.clip_actions)
            runner = ReportingRunner(wrapped, to_dict(agent), folder, agent.device)
        else:
            wrapped = RslRlVecEnvWrapper(env, clip_actions=agent.clip_actions)
            runner = OnPolicyRunner(wrapped, to_dict(agent), None, agent.device)
        with torch.inference_mode():
            for _ in range(KERNEL_STEPS):
                wrapped.step(torch.zeros(env.num_envs, wrapped.num_actions, device=env.device))
        marks = record_iterations(runner.logger)
        start = time.perf_counter()
        runner.learn(spec["iterations"], init_at_random_ep_len=agent.init_at_random_ep_len)
        if env.device != "cpu":
            torch.cuda.synchronize()
        total = time.perf_counter() - start
    ends, collected, learned = zip(*marks, strict=True)
    first = spec["left_out"]
    iteration = (ends[-1] - ends[first - 1]) / (len(marks) - first)
    return {
        "collection_s": round(statistics.mean(collected[first:]), 5),
        "learning_s": round(statistics.mean(learned[first:]), 5),
        "iteration_s": round(iteration, 5),
        "total_s": round(total, 3),
        "iterations": spec["iterations"],
        "left_out": first,
        "steps_per_env": spec["steps_per_env"],
        "steps_per_second": round(spec["envs"] * spec["steps_per_env"] / iteration),
    }


def record_iterations(logger: Any) -> list[tuple[float, float, float]]:
    """A list that gets (when it ended, seconds of collection, of learning) of each iteration that ``logger`` logs."""
    marks: list[tuple[float, float, float]] = []
    log = logger.log

    def recording(**values: Any) -> None:
        log(**values)
        marks.append((time.perf_counter(), values["collect_time"], values["learn_time"]))

    logger.log = recording
    return marks


def startup(spec: dict[str, Any]) -> dict[str, Any]:
    """Seconds from the start of the process until the first step is done.

    Warp compiles kernels, or loads them from its cache, where they are first used: in the build and in the first step.
    ``kernels_s`` says how much of the phases that is.
    """
    from stripe_dsl.runtime.kernels import kernel_report

    marks = [spec["started"]]
    config = load(spec)
    with kernel_report(lambda _: None) as kernels:
        marks.append(time.time())
        with built(config) as env:
            marks.append(time.time())
            stepper = Stepper(env)
            stepper.step()
            stepper.wait()
            marks.append(time.time())
    names = ("import_s", "build_s", "first_step_s")
    found = {name: round(marks[i + 1] - marks[i], 3) for i, name in enumerate(names)}
    return found | {
        "total_s": round(marks[-1] - marks[0], 3),
        "kernels_s": round(kernels.seconds, 3),
        "kernels_compiled": kernels.compiled,
    }


def load(spec: dict[str, Any]) -> Configuration:
    """The configuration of what is to be measured."""
    return configuration(spec["task"], spec["variant"], spec["device"], spec["envs"])


def compiled(spec: dict[str, Any]) -> dict[str, Any]:
    """As :func:`train`, with all that torch can compile: networks, and what generated torch environments compute."""
    return train(spec, compile=True)


def where(device: str) -> dict[str, Any]:
    """The machine and the versions."""
    import torch

    host = cpu_name()
    cuda = device != "cpu"
    versions = {"python": ".".join(map(str, sys.version_info[:3]))} | {name: version(name) for name in PACKAGES}
    return {
        "device": torch.cuda.get_device_name(device) if cuda else host,
        "host": host,
        "versions": versions | ({"cuda": str(torch.version.cuda)} if cuda else {}),
    }


MEASUREMENTS = {"step": step, "memory": memory, "train": train, "compiled": compiled, "startup": startup}


def main() -> None:
    """Measure and print one line of JSON."""
    spec = json.loads(sys.argv[1])
    import warp as wp

    wp.config.enable_backward = False  # as the commands of both sides do
    del sys.argv[1:]  # Isaac Lab reads it
    result = MEASUREMENTS[spec["part"]](spec)
    print("RESULT " + json.dumps({"result": result, "where": where(spec["device"])}), flush=True)


if __name__ == "__main__":
    main()
