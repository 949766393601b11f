"""Videos of a policy, drawn by Newton's ray tracer: on a CPU too, without a display and without OpenGL."""

from __future__ import annotations

from copy import copy
from dataclasses import dataclass, field
from math import atan2, hypot
from pathlib import Path
from typing import Any

from stripe_dsl.runtime.problem import PackageError, Problem

FORMATS = (".gif", ".webp", ".png")
"""Videos are animated pictures; a ``.png`` is one picture, of the last frame."""
FRAMES_PER_SECOND = 25.0
"""At most: a frame belongs to a whole number of control steps."""
SKY = 0xFFEBD9C8  # ABGR
_SOLIDS = "/Solids/"
"""In the labels of what collides in a scene and is not seen."""
_GROUND = "/Ground/Environment/Geometry"
"""What is seen of a ground plane that `ground plane` wrote."""
CONTEXT = "_SensorTiledCamera__render_context"
"""Where a camera of Newton's has its textures."""
FIELD_OF_VIEW = 0.7  # vertical [rad]


def check_video(path: Path) -> list[Problem]:
    """What is wrong with the name of a video."""
    if path.suffix.lower() in FORMATS:
        return []
    return [Problem(f"a video cannot be written as `{path.name}`", (f"name it *{', *'.join(FORMATS)}",))]


def prepare_video(env_cfg: Any) -> None:
    """Let the physics know of shapes that only are seen, before the environment is built."""
    if hasattr(env_cfg.sim.physics, "load_visual_shapes"):
        env_cfg.sim.physics.load_visual_shapes = True


@dataclass
class Video:
    """Draws the first environment after each few control steps; the camera follows its robot.

    Attributes:
        path: The file that :meth:`save` writes.
        seconds: Simulated time after which nothing is added.
        size: Width and height of a frame in pixels.
        away: From the robot to the camera, in the world [m].
        frames: Pictures so far, each of shape (height, width, 3).
    """

    path: Path
    seconds: float = 20.0
    size: tuple[int, int] = (480, 320)
    away: tuple[float, float, float] = (1.6, -2.0, 0.8)
    frames: list[Any] = field(default_factory=list, init=False)

    def open(self, env: Any) -> None:
        """Set up the camera in an environment; raises :class:`PackageError` where the physics is not Newton's."""
        import newton
        import warp as wp

        try:
            from isaaclab_newton.physics import NewtonManager
        except ImportError:
            raise PackageError(Problem("videos need Newton's renderer")) from None
        model = NewtonManager.get_model()
        if model is None:
            help = "leave `--physics` out, or record with Isaac Lab's own `isaaclab play --video`"
            raise PackageError(Problem("videos are drawn from Newton's model, and this physics has none", (help,)))
        config = newton.sensors.SensorTiledCamera.RenderConfig(enable_shadows=True, enable_textures=True)
        model = as_seen(model, NewtonManager.get_state_0())
        self._env, self._manager, self._model = env, NewtonManager, model
        self._camera = newton.sensors.SensorTiledCamera(model, default_render_config=config)
        draw_one_world(self._camera)
        utils = self._camera.utils
        utils.create_default_light(enable_shadows=True)
        # a ground of one colour would not show that anything moves
        ground = [index for index, label in enumerate(model.shape_label) if label.endswith(_GROUND)]
        if ground:
            utils.assign_checkerboard_material(shape_indices=ground)
        self._ground, self._covers = ground, textures_of(env)
        if self._covers is not None:  # the ground's comes behind those of the task
            known = [*_inside(self._covers, "_RenderContext__texture_data")]
            known += [_inside(utils, "_Utils__checkerboard_data")] if ground else []
            context = _inside(self._camera, CONTEXT)
            context.texture_data = wp.array(known, dtype=context.texture_data.dtype, device=model.device)
        width, height = self.size
        self._rays = utils.compute_camera_rays_pinhole(width, height, camera_fovs=FIELD_OF_VIEW)
        self._color: Any = utils.create_color_image_output(width, height)
        self._transforms: Any = wp.zeros((1, 1), dtype=wp.transformf, device=model.device)
        self._clear = newton.sensors.SensorTiledCamera.ClearData(clear_color=SKY)
        self._every = max(1, round(1.0 / (FRAMES_PER_SECOND * env.step_dt)))
        self._steps = 0
        self._focus: Any = None

    def after_step(self) -> None:
        """Take a picture, if it is time for one."""
        if self._steps % self._every == 0 and self._steps * self._env.step_dt < self.seconds:
            self.frames.append(self._picture())
        self._steps += 1

    def _picture(self) -> Any:
        import numpy as np
        import warp as wp

        articulations = list(self._env.scene.articulations.values())
        root = articulations[0].data.root_pos_w.torch[0].cpu().numpy() if articulations else np.zeros(3)
        # as if held by somebody: the camera goes along, and lets small movements be seen
        self._focus = root if self._focus is None else self._focus + 0.15 * (root - self._focus)
        if np.linalg.norm(root - self._focus) > 1.0:  # a new episode began elsewhere
            self._focus = root
        place = self._focus + np.asarray(self.away)
        pose = [*place, *looking(-np.asarray(self.away))]
        self._transforms.assign(np.asarray([[pose]], np.float32))
        self._manager.forward()
        state = self._manager.get_state_0()
        self._model.bvh_refit_shapes(state)
        if self._covers is not None:
            numbers = self._covers.shape_texture_ids.numpy()
            numbers[self._ground] = len(self._covers.texture_data)
            _inside(self._camera, CONTEXT).shape_texture_ids.assign(numbers)
        self._camera.update(state, self._transforms, self._rays, color_image=self._color, clear_data=self._clear)
        wp.synchronize_device(self._model.device)
        return self._color.numpy()[0, 0].view(np.uint8).reshape(self.size[1], self.size[0], 4)[..., :3].copy()

    def save(self) -> Path | None:
        """Write the file; None where no picture was taken."""
        from PIL import Image

        if not self.frames:
            return None
        pictures = [Image.fromarray(frame) for frame in self.frames]
        self.path.parent.mkdir(parents=True, exist_ok=True)
        if self.path.suffix.lower() == ".png":
            pictures[-1].save(self.path)
            return self.path
        duration = round(1000 * self._every * self._env.step_dt)
        options = {"save_all": True, "append_images": pictures[1:], "duration": duration, "loop": 0}
        if self.path.suffix.lower() == ".webp":
            options |= {"quality": 60, "method": 4}
        pictures[0].save(self.path, **options)
        return self.path


def draw_one_world(camera: Any) -> None:
    """Have a camera draw the first world alone, with what all worlds share.

    Newton's camera draws a picture of every world, and a video shows one: with 32 environments that was 32 times the
    work. There is no setting for it, only the number in the camera's context; other worlds' shapes stay where they are
    in its bounding volumes.
    """
    _inside(camera, CONTEXT).world_count = 1


def textures_of(env: Any) -> Any:
    """Newton's renderer of the cameras of a task, where it has textures, which may be drawn anew; else None."""
    for sensor in env.scene.sensors.values():
        context = _inside(getattr(getattr(sensor, "_renderer", None), "newton_sensor", None), CONTEXT)
        if context is not None and len(context.texture_data):
            return context
    return None


def _inside(thing: Any, name: str) -> Any:
    """What Newton keeps to itself; None where it is not there."""
    return getattr(thing, name, None)


def as_seen(model: Any, state: Any) -> Any:
    """The same model with bounding volumes of its own, which hold no more than what is seen.

    Where a task casts rays, those of the model hold what collides as well, hidden or not, and Newton's renderer draws
    all that they hold: trunks would have their colliders over their bark. The ground of a scene collides and is seen;
    Isaac Lab leaves it without Newton's mark of what is visible.
    """
    import newton
    import warp as wp

    seen = copy(model)
    flags, kinds, bodies = (array.numpy().copy() for array in (model.shape_flags, model.shape_type, model.shape_body))
    for index, label in enumerate(model.shape_label):
        if bodies[index] == -1 and kinds[index] != newton.GeoType.PLANE and _SOLIDS not in label:
            flags[index] |= newton.ShapeFlags.VISIBLE
    seen.shape_flags = wp.array(flags, dtype=model.shape_flags.dtype, device=model.device)
    seen.bvh_build_shapes(state)
    return seen


def looking(direction: Any) -> tuple[float, float, float, float]:
    """The rotation (x, y, z, w) of a camera that looks along ``direction`` with the world's z upwards.

    Cameras look along their -z axis, with y up: a turn about x by 90 deg makes that +y ahead and z up, a pitch about x
    follows, and a yaw about z comes last.
    """
    from math import cos, pi, sin

    x, y, z = (float(part) for part in direction)
    tilt = (pi / 2 + atan2(z, hypot(x, y))) / 2
    turn = (atan2(y, x) - pi / 2) / 2
    # turn about z times tilt about x
    return (cos(turn) * sin(tilt), sin(turn) * sin(tilt), sin(turn) * cos(tilt), cos(turn) * cos(tilt))
