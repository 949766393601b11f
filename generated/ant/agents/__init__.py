"""Agent configurations of the Ant task."""
