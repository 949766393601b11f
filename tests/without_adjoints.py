"""Warp without adjoints, as ``stripec`` has it; imported before anything with kernels."""

import warp as wp

wp.config.enable_backward = False
