"""Agent configurations of the Showcase task."""
