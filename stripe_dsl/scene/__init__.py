"""Scenes: from the description of a place to heights, placements, pictures and a USD stage."""
