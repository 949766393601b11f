"""Agent configurations of the ForestShowcase task."""
