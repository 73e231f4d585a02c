"""What is written by hand in LLVM's language; everything else is plain Numba."""
