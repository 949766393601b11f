"""What stops a scene from being made."""

from __future__ import annotations

from stripe_dsl.diagnostics import Diagnostic


class SceneError(Exception):
    """A scene that cannot be made as its file says.

    Attributes:
        diagnostics: what is said to the user about it.
    """

    def __init__(self, *diagnostics: Diagnostic) -> None:
        super().__init__("; ".join(item.message for item in diagnostics))
        self.diagnostics = diagnostics
