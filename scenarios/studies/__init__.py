"""Scenarios that ask for several runs, for tracks, or for none."""
