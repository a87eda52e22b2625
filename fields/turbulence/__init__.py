"""Synthetic turbulence for orbits: its realisations, their measured statistics, and theories of diffusion."""
