"""Walks between codes, drawn in the browser."""
