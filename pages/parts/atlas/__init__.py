"""The map of codes on the screen."""
