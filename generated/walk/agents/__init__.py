"""Agent configurations of the Walk task."""
