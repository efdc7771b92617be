"""Implementations: how each framework is asked. A worker alone loads adapters, by name."""
