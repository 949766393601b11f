"""What ``_reset_idx`` holds of deformable objects and cables, which begin as they were spawned, somewhere."""

from __future__ import annotations

from stripe_dsl.emit.torch.lines import Lines
from stripe_dsl.emit.torch.resets import RobotReset


class SoftReset(RobotReset):
    """The statements of one object that can be deformed: it is undeformed and at rest, somewhere."""

    def write(self) -> Lines:
        """All statements."""
        lines, attribute = Lines(), self.leaves.entities[self.robot.name]
        lines.remark("indexing copies, so the defaults stay as they are")
        lines.statement("nodes = ", f"self.{attribute}.data.default_nodal_state_w.torch[rows]")
        self.move(lines, "nodes")
        lines.append("")
        lines.statement("", f"self.{attribute}.write_nodal_state_to_sim_index(nodes, env_ids=ids)")
        return lines

    def move(self, lines: Lines, state: str) -> None:
        """Puts the middle of the points where the file says; their positions are the first three columns of a state."""
        if not self.resets:
            return
        lines.statement("middle = ", f"{state}[..., :3].mean(dim=1) - self.scene.env_origins[rows]")
        lines.statement(f"{state}[..., :3] -= ", "middle[:, None]")
        if "middle" in self.kept:
            lines.statement("default_middle = ", "middle.clone()")
        for reset in self.resets:
            lines.comment(reset.span)
            self.assign(lines, reset)
        lines.statement(f"{state}[..., :3] += ", "middle[:, None]")


class CableReset(SoftReset):
    """The statements of one cable: it is straight and at rest, somewhere."""

    def write(self) -> Lines:
        """All statements."""
        lines, attribute = Lines(), f"self.{self.leaves.entities[self.robot.name]}"
        lines.remark("indexing copies, so the defaults stay as they are")
        lines.statement("segments = ", f"{attribute}.data.default_segment_pose_w.torch[rows]")
        self.move(lines, "segments")
        lines.append("")
        lines.statement("", f"{attribute}.write_segment_pose_to_sim_index(segment_pose=segments, env_ids=ids)")
        rest = f"{attribute}.data.default_segment_velocity_w.torch[rows]"
        lines.statement("", f"{attribute}.write_segment_velocity_to_sim_index(segment_velocity={rest}, env_ids=ids)")
        return lines
