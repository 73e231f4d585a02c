"""Benchmarks: fastsp beside a NumPy/SciPy Spatial Pooler, on the configurations others publish."""
