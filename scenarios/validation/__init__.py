"""Known answers, the numbers of the papers, and the speed of the kernels."""
