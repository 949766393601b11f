"""A picture of a baked scene, drawn by Newton's ray tracer: without a display, and without Isaac Lab."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import cos, sin, tan
from pathlib import Path
from typing import Any

from stripe_dsl.runtime.figures import Figure, Heights, lift, stand
from stripe_dsl.runtime.video import FIELD_OF_VIEW, SKY, looking

FINER = 2
"""Rays along each edge of a pixel, so that what is small and far away is no noise."""
_MARGIN = 1.04


@dataclass(frozen=True)
class View:
    """Where a picture is taken from.

    Attributes:
        at: point that is in its middle [m].
        azimuth: direction in which the camera stands as seen from there, from +x to +y [rad].
        elevation: how high it stands above the horizon [rad].
        distance: how far away it is [m].
    """

    at: tuple[float, float, float]
    azimuth: float
    elevation: float
    distance: float

    @staticmethod
    def of_all(points: Any, azimuth: float, elevation: float, aspect: float) -> View:
        """The nearest view with all points in the picture.

        Args:
            points: what is to be seen [m], shape (n, 3).
            aspect: width of the picture by its height.
        """
        import numpy as np

        back = np.array([cos(elevation) * cos(azimuth), cos(elevation) * sin(azimuth), sin(elevation)])
        right = np.array([-sin(azimuth), cos(azimuth), 0.0])
        axes = (right, np.cross(back, right))
        slopes = (tan(FIELD_OF_VIEW / 2) * aspect, tan(FIELD_OF_VIEW / 2))
        depth = points @ back
        # a point p is within an edge of the picture where the camera c has +-(p - c).axis <= slope (c - p).back
        middles, reach = [], []
        for axis, slope in zip(axes, slopes, strict=True):
            high = (points @ axis + slope * depth).max()
            low = (points @ axis - slope * depth).min()
            middles.append((high + low) / 2)
            reach.append((high - low) / (2 * slope))
        away = max(reach)
        middle = float(np.median(depth))
        at = middles[0] * axes[0] + middles[1] * axes[1] + middle * back
        distance = _MARGIN * (away - middle)
        return View((float(at[0]), float(at[1]), float(at[2])), azimuth, elevation, float(distance))

    @property
    def away(self) -> tuple[float, float, float]:
        """From the point to the camera [m]."""
        flat = self.distance * cos(self.elevation)
        return flat * cos(self.azimuth), flat * sin(self.azimuth), self.distance * sin(self.elevation)


def seen_points(stage: Path) -> Any:
    """Vertices of all meshes that are seen in a stage, in its frame [m], shape (n, 3)."""
    import numpy as np
    from pxr import Usd, UsdGeom

    opened: Any = Usd.Stage.Open(str(stage))
    found = [np.zeros((0, 3))]
    cache = UsdGeom.XformCache()
    for prim in opened.Traverse():
        if not prim.IsA(UsdGeom.Mesh) or UsdGeom.Imageable(prim).ComputePurpose() == UsdGeom.Tokens.guide:
            continue
        turn = np.asarray(cache.GetLocalToWorldTransform(prim))
        mesh: Any = UsdGeom.Mesh(prim)
        found.append(np.asarray(mesh.GetPointsAttr().Get()) @ turn[:3, :3] + turn[3, :3])
    return np.concatenate(found)


def picture(
    stage: Path,
    view: View,
    size: tuple[int, int],
    sun: tuple[float, float, float] | None = None,
    device: str | None = None,
    robots: Sequence[Figure] = (),
    heights: Heights | None = None,
) -> Any:
    """A picture of a USD stage, shape (height, width, 3), 0..255.

    Args:
        size: width and height in pixels.
        sun: direction in which light falls; Newton's default where it is ``None``.
        device: of Warp; its default where it is ``None``.
        robots: what stands in it.
        heights: of the ground that they stand on.
    """
    import warp as wp

    wp.config.enable_backward = False  # for the kernels of what is imported next
    wp.config.log_level = wp.LOG_WARNING
    import newton
    import numpy as np
    from PIL import Image

    with wp.ScopedDevice(device):
        builder = newton.ModelBuilder()
        builder.add_usd(str(stage))
        bodies = [stand(builder, robot, heights) for robot in robots] if heights is not None else []
        model = builder.finalize()
        state = model.state()
        if heights is not None and bodies:
            moving: Any = model
            body_q: Any = state.body_q
            newton.eval_fk(model, moving.joint_q, moving.joint_qd, state)
            poses = body_q.numpy()
            for robot, names in zip(robots, bodies, strict=True):
                lift(poses, robot, names, heights)
            body_q.assign(poses)
        config = newton.sensors.SensorTiledCamera.RenderConfig(enable_shadows=True)
        camera = newton.sensors.SensorTiledCamera(model, default_render_config=config)
        light: Any = None if sun is None else wp.vec3f(*map(float, sun))
        camera.utils.create_default_light(enable_shadows=True, direction=light)
        width, height = FINER * size[0], FINER * size[1]
        rays = camera.utils.compute_camera_rays_pinhole(width, height, camera_fovs=FIELD_OF_VIEW)
        color: Any = camera.utils.create_color_image_output(width, height)
        away = np.asarray(view.away)
        pose = np.asarray([*(np.asarray(view.at) + away), *looking(-away)], np.float32)
        transforms: Any = wp.array(np.tile(pose, (1, max(model.world_count, 1), 1)), dtype=wp.transformf)
        model.bvh_refit_shapes(state)
        clear = newton.sensors.SensorTiledCamera.ClearData(clear_color=SKY)
        camera.update(state, transforms, rays, color_image=color, clear_data=clear)
        wp.synchronize()
        pixels = color.numpy()[0, 0].view(np.uint8).reshape(height, width, 4)[..., :3]
        return np.asarray(Image.fromarray(np.ascontiguousarray(pixels)).resize(size, Image.Resampling.BOX))
