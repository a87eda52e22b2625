"""Lorentz orbits in synthetic turbulence: D measured on tracks, escape times, and whether diffusion holds."""
