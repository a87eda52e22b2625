"""From densities to light: yields, emissivity, absorption, the sky, sky files."""
