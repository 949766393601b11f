"""Finds operations of torch that would wait for a GPU, on a machine without one."""

from __future__ import annotations

from typing import Any

import torch
from torch.utils._python_dispatch import TorchDispatchMode

LOOKS = {"aten::_local_scalar_dense", "aten::nonzero", "aten::is_nonzero", "aten::masked_select", "aten::equal"}
"""Operations that wait for a GPU."""


class Looks(TorchDispatchMode):
    """Keeps the names of the operations that would wait for a GPU."""

    def __init__(self) -> None:
        super().__init__()
        self.found: list[str] = []

    def __torch_dispatch__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        name = func._schema.name
        by_mask = name == "aten::index" and any(item is not None and item.dtype == torch.bool for item in args[1])
        if name in LOOKS or by_mask:
            self.found.append(name)
        return func(*args, **(kwargs or {}))
