"""Films show what is seen of a scene, also where rays of the task look at what collides."""

from __future__ import annotations

from copy import copy
from typing import Any

import numpy as np
import pytest

from stripe_dsl.robots.meshes import Mesh
from stripe_dsl.runtime.video import as_seen, draw_one_world, looking
from stripe_dsl.scene.shapes import box
from stripe_dsl.scene.stage import GroundPart, PlacedLayer, write_stage
from stripe_dsl.scene.things import Piece, Thing

GREEN, BROWN = (0.1, 0.6, 0.1), (0.5, 0.3, 0.1)
PLANE = Mesh(np.array([(0.0, 0, 0), (8, 0, 0), (8, 8, 0), (0, 8, 0)]), np.array([(0, 1, 2), (0, 2, 3)]))
POST = Thing("post", (Piece("post", box((0.6, 0.6, 2)), BROWN),), box((2.4, 2.4, 2)))
"""What collides is four times as wide as what is seen."""


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> Any:
    """As Isaac Lab builds it for a task with a height scan."""
    import newton

    layer = PlacedLayer(
        "posts", (POST,), np.zeros(1, int), np.array([(4.0, 4, 0)]), np.array([(0.0, 0, 0, 1)]), np.ones(1)
    )
    path = tmp_path_factory.mktemp("film") / "scene.usdc"
    write_stage(path, [GroundPart("ground", PLANE, GREEN)], [layer])
    builder = newton.ModelBuilder()
    volumes: Any = builder.default_bvh_cfg
    volumes.shape_flags |= newton.ShapeFlags.COLLIDE_SHAPES
    builder.add_usd(str(path))
    return builder.finalize(device="cpu")


def picture(model: Any) -> Any:
    """From the south, half a metre above the middle of the post: red, green and blue of 32 x 32 pixels."""
    import newton
    import warp as wp

    camera = newton.sensors.SensorTiledCamera(model)
    camera.utils.create_default_light(enable_shadows=False)
    rays = camera.utils.compute_camera_rays_pinhole(32, 32, camera_fovs=0.7)
    color: Any = camera.utils.create_color_image_output(32, 32)
    pose = np.asarray([(4, -2, 1.2, *looking((0, 1, 0)))], np.float32)
    transforms: Any = wp.array(np.tile(pose, (1, max(model.world_count, 1), 1)), dtype=wp.transformf, device="cpu")
    clear = newton.sensors.SensorTiledCamera.ClearData(clear_color=0xFFFFFFFF)
    camera.update(model.state(), transforms, rays, color_image=color, clear_data=clear)
    return color.numpy()[0, 0].view(np.uint8).reshape(32, 32, 4)[..., :3].astype(int)


def brown(pixels: Any) -> Any:
    red, green, blue = np.moveaxis(pixels, -1, 0)
    return (red > green) & (green > blue) & (red - blue > 30)


def test_a_film_shows_the_look_and_not_the_collider(model: Any) -> None:
    seen = as_seen(model, model.state())
    row = picture(seen)[16]
    wide = brown(row).sum()
    assert 3 <= wide <= 6, "0.6 of some 4.4 m are the post"
    background = (row == 255).all(axis=-1)
    assert background.sum() + wide >= 31, "and beside it is the sky"
    # without that the collider is all that is there: should this pass, Newton hides it, and `as_seen` can go
    collider = ~(picture(model)[16] == 255).all(axis=-1)
    assert collider.sum() > 3 * wide


def test_a_ground_that_is_not_marked_as_visible_is_seen(model: Any) -> None:
    """As Isaac Lab leaves it."""
    import newton
    import warp as wp

    flags = model.shape_flags.numpy().copy()
    (ground,) = [index for index, label in enumerate(model.shape_label) if "/Ground/" in label]
    flags[ground] &= ~int(newton.ShapeFlags.VISIBLE)
    unmarked = copy(model)
    unmarked.shape_flags = wp.array(flags, dtype=model.shape_flags.dtype, device="cpu")
    seen = as_seen(unmarked, model.state())
    assert seen.bvh_shape_count_enabled == as_seen(model, model.state()).bvh_shape_count_enabled
    assert not unmarked.shape_flags.numpy()[ground] & newton.ShapeFlags.VISIBLE, "the model is left as it was"


def test_rays_see_what_they_saw(model: Any) -> None:
    """The bounding volumes of the task stay as they are."""
    before = model.bvh_shape_count_enabled
    assert as_seen(model, model.state()).bvh_shape_count_enabled == before - 1
    assert model.bvh_shape_count_enabled == before


def test_one_world_of_several_is_drawn_as_among_all() -> None:
    import newton
    import warp as wp

    builder = newton.ModelBuilder()
    builder.add_ground_plane()
    for number in range(3):
        world: Any = newton.ModelBuilder()
        world.add_shape_box(world.add_body(), xform=wp.transform((number - 1.0, 0, 0.5)), hx=0.3, hy=0.3, hz=0.5)
        builder.add_world(world)
    several = builder.finalize(device="cpu")

    def draw(*, one: bool) -> Any:
        camera = newton.sensors.SensorTiledCamera(several)
        if one:
            draw_one_world(camera)
        rays = camera.utils.compute_camera_rays_pinhole(32, 32, camera_fovs=0.7)
        depth: Any = camera.utils.create_depth_image_output(32, 32)
        pose = np.tile(np.asarray([(0, -6, 0.7, *looking((0, 1, 0)))], np.float32), (1, 1 if one else 3, 1))
        transforms: Any = wp.array(pose, dtype=wp.transformf, device="cpu")
        camera.update(several.state(), transforms, rays, depth_image=depth)
        return depth.numpy()[:, 0]

    every, first = draw(one=False), draw(one=True)
    assert first.shape == (1, 32, 32)
    assert np.array_equal(first[0], every[0])
    assert not np.array_equal(every[0], every[1]), "the box of the second world stands elsewhere"
    assert (first > 0).any()
