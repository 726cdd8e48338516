"""What all components in the browser share."""
