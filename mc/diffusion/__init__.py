"""The transport equation in cells: solved, and compared with particles."""
