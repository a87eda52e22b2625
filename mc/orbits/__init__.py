"""Lorentz orbits in synthetic turbulence: D measured from tracks, escape, and when diffusion holds."""
