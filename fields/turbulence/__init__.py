"""Synthetic turbulence for orbits: realisations, what they turned out to be, and what theory says of them."""
