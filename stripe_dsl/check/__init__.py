"""Checks an elaborated task and lowers it into the typed graph."""
