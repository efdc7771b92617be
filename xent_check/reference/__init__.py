"""Reference: the exact value with a proven radius, and how much rounding may add to it."""
