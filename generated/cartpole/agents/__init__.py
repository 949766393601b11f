"""Agent configurations of the Cartpole task."""
