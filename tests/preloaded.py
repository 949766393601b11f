"""What processes of tests begin with: the fork server imports this once, and they are forks of it.

What is here lives as long as they do. So it is kept from the collector of garbage, which Isaac Lab calls at the end of
each simulation: to look at all of it would also copy it, page by page.
"""

import gc
from importlib import import_module
from pathlib import Path

EXAMPLE = Path(__file__).parents[1] / "examples" / "quadruped_walk.stripe"
IMPORTED = (
    "tests.without_adjoints",  # before what has kernels
    "torch",
    "torch._dynamo",
    "newton",
    "mujoco_warp",
    "numpy.ma",
    "pxr.UsdUtils",
    "rich.console",
    "scipy.ndimage",
    "scipy.spatial",
    "wcwidth",
    "isaaclab.app.loading_screen",
    "isaaclab.envs.direct_rl_env",
    "isaaclab.cloner.replicate_session",
    "isaaclab.sensors.camera.camera",
    "isaaclab.sensors.ray_caster.patterns",
    "isaaclab.sim.schemas.schemas",
    "isaaclab.sim.spawners.from_files.from_files",
    "isaaclab.terrains.terrain_importer_cfg",
    "isaaclab_newton.assets.articulation.articulation",
    "isaaclab_newton.assets.rigid_object.rigid_object",
    "isaaclab_newton.cloner.replicate",
    "isaaclab_newton.physics.mjwarp_manager",
    "isaaclab_newton.physics.mjwarp_tendon_control",
    "isaaclab_newton.renderers.newton_warp_renderer",
    "isaaclab_newton.sensors.contact_sensor.contact_sensor",
    "isaaclab_newton.sim.views.newton_site_frame_view",
    "isaaclab_rl.rsl_rl",
    "isaaclab_tasks.utils",
    "isaaclab_experimental.envs.direct_rl_env_warp",
    "isaaclab_experimental.envs.frontend",
    "newton._src.utils.import_usd",
    "stripe_dsl.cli.main",
    "stripe_dsl.pipeline",
    "stripe_dsl.emit.output",
    "stripe_dsl.scene.bake",
    "stripe_dsl.scene.made",
)

for name in IMPORTED:
    import_module(name)
# tables of the parser and templates are read when they are used first
import_module("stripe_dsl.pipeline").compile_file(EXAMPLE, Path("somewhere"))
gc.collect()
gc.freeze()
