"""The scenario file: its tables, its quantities with units, and what is refused."""
