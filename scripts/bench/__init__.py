"""What scripts/benchmark.py, scripts/growth.py and scripts/evaluate.py measure and draw with."""
