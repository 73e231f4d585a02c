"""Stress programs: damaged files, killed processes and millions of cycles."""
