"""The published experiment: a Spatial Pooler learns MNIST digits, a classifier reads its codes."""
