"""Adapters: one framework's public calls each."""
