"""The back end that writes a ``DirectRLEnvWarp``: a few fused Warp kernels, captured in CUDA graphs."""
