"""Particles on a GPU: the kernels of `mc.kernels`, compiled by numba-cuda, into tallies of whole numbers."""
