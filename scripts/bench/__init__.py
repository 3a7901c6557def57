"""What scripts/benchmark.py and scripts/growth.py measure with."""
