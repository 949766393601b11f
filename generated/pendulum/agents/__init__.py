"""Agent configurations of the Pendulum task."""
