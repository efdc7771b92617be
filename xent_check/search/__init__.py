"""Losses that are known to be wrong, and inputs that nobody wrote down."""
