"""What pages are made of: one folder a page, one folder a component, and what they share."""
