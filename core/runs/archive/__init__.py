"""A run as one file: packed, checked when it comes from a stranger, and unpacked."""
