"""What lines of sight count along their way."""
