"""The parts of the page Your hand."""
