"""Results: an answer held against the exact value and what is expected of it."""
