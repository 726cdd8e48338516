"""The drawing pad, with the models that read it."""
