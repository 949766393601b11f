"""Spawns robots in Isaac Lab on the Newton backend and reports what it says about them; run as a process of its own.

Reads from the file named by the second argument a JSON object:

- ``robots``: for every name a ``file`` (USD), ``joint_pos`` (start positions) and ``pos`` (where it starts);
- ``ground``: ``null``, or a ``spawner`` (name of the class in ``isaaclab.sim``) and a ``file``;
- ``dt`` (s) and ``steps``: how far to simulate.

Writes to the file named by the first argument, for every robot of the first environment, the names of joints and
bodies, limits and masses, and for every step the joint positions and the height of the root.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any


def main() -> None:
    job: dict[str, Any] = json.loads(Path(sys.argv[2]).read_text())

    import isaaclab.sim as sim_utils
    from isaaclab.app import launch_simulation
    from isaaclab.assets import ArticulationCfg, AssetBaseCfg
    from isaaclab.scene import InteractiveScene, InteractiveSceneCfg
    from isaaclab.sim import SimulationCfg, SimulationContext
    from isaaclab_newton.physics import MJWarpSolverCfg, NewtonCfg

    scene_cfg = InteractiveSceneCfg(num_envs=2, env_spacing=40.0)
    for name, given in job["robots"].items():
        robot = ArticulationCfg(
            prim_path="{ENV_REGEX_NS}/" + name,
            spawn=sim_utils.UsdFileCfg(usd_path=given["file"]),
            init_state=ArticulationCfg.InitialStateCfg(pos=tuple(given["pos"]), joint_pos=given["joint_pos"]),
            actuators={},
        )
        setattr(scene_cfg, name, robot)
    if job["ground"]:
        spawner = getattr(sim_utils, job["ground"]["spawner"])
        ground = AssetBaseCfg(prim_path="/World/ground", spawn=spawner(usd_path=job["ground"]["file"]))
        scene_cfg.ground = ground  # pyright: ignore[reportAttributeAccessIssue]
    physics = NewtonCfg(solver_cfg=MJWarpSolverCfg(use_mujoco_contacts=False), num_substeps=1)
    sim_cfg = SimulationCfg(dt=job["dt"], device="cpu", physics=physics)
    with launch_simulation(sim_cfg, {"device": "cpu", "visualizer": ["none"]}):
        sim = SimulationContext(sim_cfg)
        scene = InteractiveScene(scene_cfg)
        sim.reset()
        articulations = {name: scene.articulations[name] for name in job["robots"]}
        report: dict[str, dict[str, Any]] = {}
        for name, articulation in articulations.items():
            limits = articulation.data.joint_pos_limits.torch[0]
            report[name] = {
                "joint_names": list(articulation.joint_names),
                "body_names": list(articulation.body_names),
                "fixed_base": bool(articulation.is_fixed_base),
                "lower": limits[:, 0].tolist(),
                "upper": limits[:, 1].tolist(),
                "mass": articulation.data.body_mass.torch[0].flatten().tolist(),
                "joint_pos": [],
                "height": [],
            }
            joint_pos = articulation.data.default_joint_pos.torch.clone()
            articulation.write_joint_position_to_sim_index(position=joint_pos)
        for _ in range(job["steps"]):
            sim.step(render=False)
            scene.update(job["dt"])
            for name, articulation in articulations.items():
                report[name]["joint_pos"].append(articulation.data.joint_pos.torch[0].tolist())
                report[name]["height"].append(float(articulation.data.root_pos_w.torch[0, 2]))
        Path(sys.argv[1]).write_text(json.dumps(report), encoding="utf-8")
