"""The Galactic disc as it is observed: where its sources are, and its gas."""
