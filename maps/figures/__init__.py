"""Every figure, drawn from arrays."""
