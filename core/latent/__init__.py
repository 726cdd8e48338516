"""Maps of codes: how they are laid out, how far to trust them, how they form, and walks on them."""
