"""Placements as a table: a compressed NPZ whose bytes depend on the layout alone.

One array for each column of each layer, ``<layer>/<column>``, rows in the order in which things were placed:

==============  ========================================================================================
``position``    of the origin in the scene's frame, (n, 3) float64 [m]
``rotation``    quaternion (x, y, z, w), (n, 4) float64
``scale``       factor for all lengths, (n,) float64
``asset``       row of ``<layer>/assets``, (n,) int32
``variety``     which shape of a grown asset, (n,) int32
``species``     row of ``<layer>/species_names``, (n,) int32
``age``         of a tree that grew, NaN for all else, (n,) float64 [years]
``dead``        whether it is dead wood, (n,) bool
``footprint``   radius of the circle that holds what is solid, (n,) float64 [m]
``crown``       radius of the circle that holds all of it, (n,) float64 [m]
``group``       number of the cluster, -1 for none, (n,) int32
``assets``      names of the assets, text
``classes``     semantic classes of the assets, in the same order, text
``species_names``  names of the species, text
``class``       semantic class of the layer, text
==============  ========================================================================================

``scene/size`` [m], ``scene/seed`` and ``scene/layers`` are those of the scene.
"""

from __future__ import annotations

import io
import os
import tempfile
import zipfile
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from stripe_dsl.scene.layout import Layout

COLUMNS = (
    "position",
    "rotation",
    "scale",
    "asset",
    "variety",
    "species",
    "age",
    "dead",
    "footprint",
    "crown",
    "group",
)
_EPOCH = (1980, 1, 1, 0, 0, 0)


def columns(layout: Layout) -> dict[str, NDArray[Any]]:
    """The table's arrays by name."""
    table: dict[str, NDArray[Any]] = {
        "scene/size": np.array(layout.scene.size, dtype=np.float64),
        "scene/seed": np.array(layout.seed, dtype=np.int64),
        "scene/layers": np.array(list(layout.layers), dtype=np.str_),
    }
    for name, found in layout.layers.items():
        table |= {f"{name}/{column}": getattr(found, column) for column in COLUMNS}
        table[f"{name}/assets"] = np.array([asset.name for asset in found.assets], dtype=np.str_)
        table[f"{name}/classes"] = np.array([asset.label for asset in found.assets], dtype=np.str_)
        table[f"{name}/species_names"] = np.array([species.name for species in found.layer.species], dtype=np.str_)
        table[f"{name}/class"] = np.array(found.layer.label, dtype=np.str_)
    return table


def table_bytes(layout: Layout) -> bytes:
    """The table as a file's bytes: the same for the same layout, in every process."""
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, values in columns(layout).items():
            entry = zipfile.ZipInfo(f"{name}.npy", _EPOCH)
            entry.compress_type = zipfile.ZIP_DEFLATED
            entry.external_attr = 0o644 << 16
            array = io.BytesIO()
            np.lib.format.write_array(array, np.asarray(values, order="C"), allow_pickle=False)
            archive.writestr(entry, array.getvalue(), compresslevel=6)
    return out.getvalue()


def write_table(path: Path, layout: Layout) -> None:
    """Writes the table, whole or not at all.

    Raises:
        OSError: if the file cannot be written.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    handle, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.stem}.", suffix=path.suffix)
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(table_bytes(layout))
        os.chmod(name, 0o644)
        os.replace(name, path)
    finally:
        Path(name).unlink(missing_ok=True)


def read_table(path: Path) -> dict[str, NDArray[Any]]:
    """The arrays of a table by name."""
    with np.load(path, allow_pickle=False) as archive:
        return {name: archive[name] for name in archive.files}
