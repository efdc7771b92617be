"""Running: cases times implementations, and results as they come."""
