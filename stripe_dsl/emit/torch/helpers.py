"""Functions that generated torch modules define where they use them."""

from __future__ import annotations

DAMPED_SOLUTION = '''
def damped_solution(columns: torch.Tensor, error: torch.Tensor, damping: float) -> torch.Tensor:
    """Return y with (J J^T + damping^2) y = error, where J has a column for each joint: damped least squares.

    The steps of the joints are J^T y, as those of :class:`isaaclab.controllers.DifferentialIKController`.

    Args:
        columns: Shape (num_envs, num_joints, size), with a size of 3 or 6.
        error: Shape (num_envs, size).
        damping: Larger numbers make smaller steps near singular postures.
    """
    square = columns.mT @ columns + damping**2 * torch.eye(error.shape[-1], device=error.device)
    return torch.linalg.solve(square, error.unsqueeze(-1)).squeeze(-1)
'''.strip("\n")
"""What the operator ``damped`` calls."""
