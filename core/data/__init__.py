"""The digits themselves: data sets and their fetching, how they are varied, and their places on maps and sheets."""
