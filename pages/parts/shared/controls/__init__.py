"""Widgets that pages share: their values in the address, in the session, and in the hands of the page."""
