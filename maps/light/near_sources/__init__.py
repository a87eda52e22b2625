"""Light of cosmic rays near their sources, and of what follows for the Galaxy."""
