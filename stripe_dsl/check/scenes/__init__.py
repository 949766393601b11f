"""Checks scenes: what a ``scene`` block says, as :class:`stripe_dsl.ir.scene.Scene`."""
