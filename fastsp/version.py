"""The version of fastsp."""

__version__ = "0.1.0"
