"""Back ends: from a checked program to source text."""
