"""A run is a folder: what is in it, who writes it, and the store of all of them."""
