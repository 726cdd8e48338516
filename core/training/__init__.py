"""Learning: the settings of a run, the recipes, and the loop that trains."""
