"""Agent configurations of the ForestWalk task."""
