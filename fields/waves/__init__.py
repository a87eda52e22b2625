"""Waves that protons excite by streaming: growth and damping, their balance, and the diffusion they make."""
