"""One question of a page that follows a pointer, one answer."""
