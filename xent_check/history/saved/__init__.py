"""The JSON of a run, in both directions."""
