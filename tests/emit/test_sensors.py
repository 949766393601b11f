"""Configurations of sensors hold what a task reads of them, and no more."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from stripe_dsl.emit.package import package_files
from stripe_dsl.pipeline import check_source
from stripe_dsl.source import SourceFile

ROOT = Path(__file__).parents[2]
ANT = (ROOT / "examples" / "ant.stripe").read_text().partition("task Ant")[0]


def files(
    sensors: str, observed: str, robot: str = ANT, unit: str = "7.5 N*m", scene: str = "{ ground plane }"
) -> dict[str, str]:
    """The package of a task with these sensors."""
    text = f"""{robot}
task Test {{
  robot ant
  scene {scene}
  sim {{ physics 120 Hz; control 30 Hz; episode 5 s; envs 64 }}
  {sensors}
  action drive = effort(joints) scale {unit}
  observe policy {{ {observed} }}
  reward per second {{ alive = 1.0 }}
  terminate {{ timeout }}
}}
"""
    checked = check_source(SourceFile("test.stripe", text))
    assert not checked.failed, checked.diagnostics
    (program,) = checked.programs
    return package_files(program, Path("out"))


def field(text: str, name: str) -> str:
    """The statement of a field, on one line."""
    found = re.search(rf"^    {name}: .*?^(?=\n|    [#@]|\S)", text, re.M | re.S)
    assert found is not None
    return re.sub(r"\s+", " ", found[0]).replace("( ", "(").replace(" )", ")").strip()


@pytest.mark.parametrize(
    ("options", "observed", "arguments"),
    [
        ("", "touch.force", "history_length=1"),
        ("", "touch.peak", "history_length=4"),
        ("history 3 threshold 1 N", "touch.peak", "history_length=3"),
        ("", "touch.touching", "history_length=1, track_air_time=True, force_threshold=0.0"),
        ("threshold 1 N", "touch.landed", "history_length=1, track_air_time=True, force_threshold=1.0"),
    ],
)
def test_contacts(options: str, observed: str, arguments: str) -> None:
    cfg = files(f"sensor touch = contacts(bodies) {options}", observed)["env_cfg.py"]
    assert field(cfg, "touch") == (
        f'touch: ContactSensorCfg = ContactSensorCfg(prim_path="{{ENV_REGEX_NS}}/Robot/.*", {arguments})'
    )
    assert "activate_contact_sensors=True," in cfg
    assert "from isaaclab.sensors import ContactSensorCfg\n" in cfg


def test_contacts_of_some_bodies() -> None:
    cfg = files("sensor touch = contacts(feet)", "touch.force")["env_cfg.py"]
    feet = "front_left_foot|front_right_foot|left_back_foot|right_back_foot"
    assert f'prim_path="{{ENV_REGEX_NS}}/Robot/.*({feet})"' in cfg


def test_nothing_of_contacts_without_contacts() -> None:
    made = files("sensor wrench = joint_wrench(ant)", "wrench.force")
    assert "ontact_sensor" not in made["env_cfg.py"]
    assert "_cast_rays" not in made["env_warp.py"]


def test_imports_are_in_order() -> None:
    sensors = "sensor touch = contacts(ant); sensor scan = height_scan(base); sensor chest = imu(ant)"
    made = files(sensors, "touch.peak; scan.height; chest.ang_vel")
    assert "from isaaclab.sensors import ContactSensorCfg, ImuCfg, RayCasterCfg, patterns\n" in made["env_cfg.py"]
    for name in ("env.py", "env_warp.py"):
        assert "from isaaclab.sensors import ContactSensor, Imu, RayCaster\n" in made[name]


def test_rays_are_cast_where_they_are_read() -> None:
    """After the resets for an observation, before them for a reward; not twice where one of the two does."""
    observed = files("sensor scan = height_scan(base)", "scan.height")["env_warp.py"]
    assert observed.count("self._cast_rays(self.scan)") == 1
    assert observed.index("self._cast_rays(self.scan)") > observed.index("def _get_observations")


def test_rays_begin_at_the_body_of_the_file() -> None:
    robot = f"""robot ant {{
  usd "{ROOT / "tests/sim/tasks/nested.usda"}"
  body leg = "leg"
  actuator joints {{ implicit }}
}}"""
    made = files("sensor scan = lidar(leg) { step 90 deg; reach 4 m }", "scan.distance", robot, "1 N")
    assert field(made["env_cfg.py"], "scan") == (
        'scan: RayCasterCfg = RayCasterCfg(prim_path="{ENV_REGEX_NS}/Robot/Geometry/trunk/leg", spawn=None, '
        'ray_alignment="base", pattern_cfg=patterns.LidarPatternCfg(channels=1, vertical_fov_range=(0.0, 0.0), '
        "horizontal_fov_range=(-180.0, 180.0), horizontal_res=90.0), max_distance=4.0, "
        'mesh_prim_paths=["/World/Ground"], global_world_only=True,)'
    )


YARD = """
robot gate {
  link post { box (0.1, 0.1, 1) m; fixed }
  link leaf { box (1, 0.1, 0.5) m; mass 2 kg }
  joint swing { type revolute; parent post; child leaf; axis z }
}
scene yard {
  size 10 m x 10 m
  terrain ground { }
  place gate_layer { assets gate; at (2, 2) m; kind articulation }
  place crates { assets box { size (0.3, 0.3, 0.3) m }; at (8, 8) m; kind rigid; mass 1 kg }
  place walls { assets box { size (0.3, 3, 1) m }; at (5, 8) m; solid box }
}
"""


def test_rays_see_layers_that_move_but_for_the_one_they_are_on() -> None:
    sensors = "sensor scan = height_scan(base); sensor ring = lidar(base); sensor over = height_scan(gate_layer.leaf_0)"
    made = files(sensors, "scan.height; ring.distance; over.height", ANT + YARD, scene="yard")
    for name in ("env.py", "env_warp.py"):
        both = '{"GateLayer": self.loose_gate_layer, "loose_crates": self.loose_crates}'
        assert f"see_layers([self.scan, self.ring], {both})\n" in made[name]
        assert 'see_layers([self.over], {"loose_crates": self.loose_crates})\n' in made[name]
    assert "global_world_only" not in made["env_cfg.py"]
    assert 'prim_path="{ENV_REGEX_NS}/GateLayer/leaf_0"' in field(made["env_cfg.py"], "over")
    assert "NewtonQueries._refit_bvh(backend)" in made["env_warp.py"]


def test_nothing_moves_where_rays_see_what_stands_still() -> None:
    still = YARD.replace("kind rigid; mass 1 kg", "solid box").replace("place gate_layer", "# ")
    made = files("sensor scan = height_scan(base)", "scan.height", ANT + still, scene="yard")
    assert "see_layers" not in made["rays.py"] + made["env.py"]
    assert 'class_type=f"{__package__}.rays:ray_caster"' in field(made["env_cfg.py"], "scan")
    assert "_refit_bvh" not in made["env_warp.py"]
    assert "global_world_only=True" in field(made["env_cfg.py"], "scan")


def test_pictures_are_drawn_where_they_are_read() -> None:
    """As rays are cast; and only what is read of them."""
    eye = "sensor eye = camera(base) size (8, 6); observe pixels { eye.normals; eye.depth }"
    made = files(eye, "joints.pos; min(eye.depth)")
    assert "data_types=['depth', 'normals']" in made["env_cfg.py"].replace('"', "'")
    drawn = made["env_warp.py"]
    assert drawn.count("self._render_pictures()") == 1
    assert drawn.index("self._render_pictures()") > drawn.index("def _get_observations")
    assert "wp.to_torch(self._pixels).view(-1, 4, 6, 8)" in drawn
    assert "_render_pictures" not in files("sensor chest = imu(ant)", "chest.ang_vel")["env_warp.py"]
    both = files(f"{eye}; truncate {{ lost = min(eye.depth) < 5 cm }}", "joints.pos")["env_warp.py"]
    assert both.count("self._render_pictures()") == 2


def test_a_picture_may_be_all_that_the_policy_sees() -> None:
    made = files("sensor eye = camera(base) size (8, 6); train ppo { actor conv(4, 3) 16 elu }", "eye.rgb")
    assert "observation_space: list[int] = [3, 6, 8]" in made["env_cfg.py"]
    assert "self.torch_obs_buf = wp.to_torch(self._policy).view(-1, 3, 6, 8)" in made["env_warp.py"]
    assert "policy = self._eye_rgb.mT.reshape(-1, 3, 6, 8)" in made["env.py"]


def function(text: str, name: str) -> str:
    """The source of a function of a module."""
    found = re.search(rf"^def {name}\(.*?(?=^\S(?<!\)))", text, re.M | re.S)
    assert found is not None, name
    return found[0]


def test_pictures_have_a_thread_for_each_pixel() -> None:
    """But where a value needs more than its own pixel, or the past, that of the environment writes it."""
    eye = "sensor eye = camera(base) size (8, 6)"
    pixels = "eye.depth noise +-0.1 m; near = eye.depth < min(eye.depth) + 1 cm; eye.normals; before = prev(eye.depth)"
    made = files(f"{eye}; observe pixels {{ {pixels} }}", "joints.pos")["env_warp.py"]
    by_pixel, by_env = function(made, "observe_pixels"), function(made, "observe")
    assert "    env, i = wp.tid()\n    rng = wp.rand_init(int(rng_states[env]), i)\n" in by_pixel
    assert re.findall(r"pixels\[env, (\S+|\d+ \+ i)\] = ", by_pixel) == ["i", "96 + i", "144 + i", "192 + i"]
    assert re.findall(r"pixels\[env, (\d+ \+ i)\] = ", by_env) == ["48 + i", "240 + i"]
    # its stream moves on, for the noise of the pixels
    assert "    rng = rng_states[env]\n" in by_env and "    wp.randi(rng)\n" in by_env
    assert "            observe_pixels,\n            dim=(self.num_envs, 6 * 8),\n" in made
    assert made.index("            observe,\n") < made.index("            observe_pixels,\n")


def test_where_all_is_pictures_there_is_no_other_kernel() -> None:
    made = files("sensor eye = camera(base) size (8, 6); train ppo { actor conv(4, 3) 16 elu }", "eye.rgb")[
        "env_warp.py"
    ]
    assert "def observe(" not in made and "            observe,\n" not in made
    assert "            observe_policy,\n            dim=(self.num_envs, 6 * 8),\n" in made
    assert made.count("self._render_pictures()") == 1


def test_convolutions_are_those_of_rsl_rl() -> None:
    """The fields of its ``CNNModel``, for the network that sees the picture."""
    sees = "sees { actor policy pixels; critic policy }"
    train = f"train ppo {{ actor conv(8, 5, stride = 2) conv(16, 3) 32 tanh; critic 16; {sees} }}"
    eye = "sensor eye = camera(base) size (16, 12); observe pixels { eye.depth }"
    text = files(f"{eye}; {train}", "joints.pos")["agents/rsl_rl_ppo_cfg.py"]
    actor, _, critic = text.partition("critic = ")
    assert "actor = RslRlCNNModelCfg(" in actor
    assert "RslRlCNNModelCfg" not in critic
    layers = re.sub(r"\s+", "", actor[actor.index("cnn_cfg=") :])
    assert layers.startswith(
        'cnn_cfg=RslRlCNNModelCfg.CNNCfg(output_channels=[8,16],kernel_size=[5,3],stride=[2,1],activation="tanh",)'
    )
    assert '"actor": ["policy", "pixels"], "critic": ["policy"]' in text
