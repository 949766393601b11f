"""Fields and meshes of files: formats, which way is north, and what is wrong with a file."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from PIL import Image, TiffImagePlugin, TiffTags

from stripe_dsl.scene.grid import Grid
from stripe_dsl.scene.meshes import heights_of
from stripe_dsl.scene.rasters import RasterError, read_raster, write_heights

VALUES = np.arange(12, dtype=np.float64).reshape(3, 4)
"""In rows that go north."""


@pytest.mark.parametrize(
    ("name", "mode"), [("a.png", np.uint8), ("b.png", np.uint16), ("c.tif", np.uint16), ("d.tiff", np.float32)]
)
def test_the_first_row_of_a_picture_is_the_north(name: str, mode: type, tmp_path: Path) -> None:
    Image.fromarray(VALUES[::-1].astype(mode)).save(tmp_path / name)
    assert np.array_equal(read_raster(tmp_path / name).values, VALUES)


def geotiff(path: Path, values: np.ndarray, hole: str | None) -> Path:
    """As GDAL writes elevations: compressed floats, with the place on Earth in tags of GeoTIFF."""
    tags = TiffImagePlugin.ImageFileDirectory_v2()
    tags[33550] = (0.5, 0.5, 0.0)  # metres a pixel
    tags[33922] = (0.0, 0.0, 0.0, 500_000.0, 5_400_000.0, 0.0)  # where the first one is
    tags.tagtype |= {33550: TiffTags.DOUBLE, 33922: TiffTags.DOUBLE, 42113: TiffTags.ASCII}
    if hole is not None:
        tags[42113] = hole
    Image.fromarray(values.astype(np.float32)).save(path, tiffinfo=tags, compression="tiff_lzw")
    return path


def test_elevations_of_a_geotiff(tmp_path: Path) -> None:
    """Negative ones and fractions too; a value that stands for none is no pit, wherever the file says which that is."""
    elevations = VALUES[::-1] * 0.25 - 1.0
    path = geotiff(tmp_path / "dem.tif", elevations, None)
    assert Image.open(path).tag_v2[33550] == (0.5, 0.5, 0.0)  # type: ignore[attr-defined]
    assert np.array_equal(read_raster(path).values, VALUES * 0.25 - 1.0)
    assert np.array_equal(read_raster(geotiff(path, elevations, "-9999")).values, VALUES * 0.25 - 1.0)
    for hole, text in ((-9999.0, "-9999"), (float(np.finfo(np.float32).min), "-3.40282346638529e+38")):
        with pytest.raises(RasterError, match=r'^1 of 12 values of "dem.tif" are no numbers$'):
            read_raster(geotiff(path, np.where(VALUES == 5, hole, elevations), text))


def test_sixteen_bits_are_kept(tmp_path: Path) -> None:
    Image.fromarray(np.array([[0, 1], [256, 65535]], dtype=np.uint16)).save(tmp_path / "a.png")
    assert read_raster(tmp_path / "a.png").values.tolist() == [[256, 65535], [0, 1]]


@pytest.mark.parametrize("kind", [np.float32, np.int16, np.bool_])
def test_rows_of_an_array_go_north(kind: type, tmp_path: Path) -> None:
    np.save(tmp_path / "a.npy", VALUES.astype(kind))
    assert np.array_equal(read_raster(tmp_path / "a.npy").values, VALUES.astype(kind).astype(float))


def test_grey_in_three_channels_is_grey(tmp_path: Path) -> None:
    Image.fromarray(np.repeat(VALUES[::-1, :, None], 3, axis=2).astype(np.uint8)).save(tmp_path / "a.png")
    assert np.array_equal(read_raster(tmp_path / "a.png").values, VALUES)


def test_a_raster_is_stretched_over_the_ground(tmp_path: Path) -> None:
    np.save(tmp_path / "a.npy", VALUES)
    raster = read_raster(tmp_path / "a.npy")
    grid = Grid((6.0, 2.0), 0.5)
    field = raster.on(grid)
    assert field.shape == (5, 13)
    assert (field[0, 0], field[0, -1], field[-1, 0], field[2, 0]) == (0, 3, 8, 4)
    assert field[1, 6] == pytest.approx(3.5)


def bad_files(folder: Path) -> dict[str, str]:
    Image.fromarray(np.random.default_rng(1).integers(0, 255, (4, 4, 3), dtype=np.uint8)).save(folder / "color.png")
    (folder / "broken.png").write_bytes(b"no picture")
    (folder / "broken.npy").write_bytes(b"no array")
    np.save(folder / "holes.npy", np.array([[1.0, np.nan], [1.0, 1.0]]))
    np.save(folder / "line.npy", np.arange(5.0))
    np.save(folder / "words.npy", np.array([["a", "b"], ["c", "d"]]))
    np.save(folder / "objects.npy", np.array([[None, 1], [2, 3]]), allow_pickle=True)
    return {
        "color.png": "in colour",
        "broken.png": "no picture",
        "broken.npy": "no NPY array",
        "holes.npy": "1 of 4 values",
        "line.npy": "the shape 5",
        "words.npy": "no NPY array",
        "objects.npy": "no NPY array",
        "missing.png": "there is no file",
    }


def test_what_is_wrong_with_a_file_is_said(tmp_path: Path) -> None:
    for name, reason in bad_files(tmp_path).items():
        with pytest.raises(RasterError) as caught:
            read_raster(tmp_path / name)
        assert reason in caught.value.reason and f'"{name}"' in caught.value.reason


def test_heights_come_back_from_their_picture(tmp_path: Path) -> None:
    height = np.random.default_rng(2).normal(size=(9, 13))
    low, high = write_heights(height, tmp_path / "h.png")
    assert (low, high) == (height.min(), height.max())
    back = low + read_raster(tmp_path / "h.png").values * (high - low) / 65535
    assert np.abs(back - height).max() <= (high - low) / 65535
    assert write_heights(np.ones((3, 3)), tmp_path / "flat.png") == (1.0, 1.0)


def test_heights_of_a_mesh_are_what_rays_from_above_hit() -> None:
    """Of a roof over a floor, and of a triangle that stands upright."""
    points = np.array(
        [(0, 0, 0), (4, 0, 0), (4, 4, 0), (0, 4, 0), (1, 1, 2), (3, 1, 2), (3, 3, 3), (1, 3, 3), (0, 2, 9), (0, 2, 5)]
    )
    faces = np.array([(0, 1, 2), (0, 2, 3), (4, 5, 6), (4, 6, 7), (0, 8, 9)])
    grid = Grid((5.0, 5.0), 0.5)
    height = heights_of(points.astype(float), faces, grid)
    assert (height[1, 1], height[2, 2], height[4, 4], height[6, 6]) == pytest.approx((0, 2, 2.5, 3))
    assert np.isnan(height[:, 9:]).all() and np.isnan(height[9:]).all()
    assert np.isfinite(height[:9, :9]).all()


def test_heights_of_a_mesh_of_a_ground_are_those_of_the_ground() -> None:
    from stripe_dsl.scene import surface

    grid = Grid((6.0, 4.0), 0.25)
    x, y = grid.coordinates()
    ground = np.random.default_rng(3).normal(size=grid.shape)
    points = np.stack((x, y, ground), axis=-1).reshape(-1, 3)
    assert np.allclose(heights_of(points, surface.triangles(grid).astype(np.int64), grid), ground)
    fine = Grid((6.0, 4.0), 0.05)
    found = heights_of(points, surface.triangles(grid).astype(np.int64), fine)
    a, b = fine.coordinates()
    expected = surface.heights_at(ground, grid, np.stack((a.ravel(), b.ravel()), axis=1))
    assert np.allclose(found.ravel(), expected)
