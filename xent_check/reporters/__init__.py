"""Reporters: results to text, files, pages and scripts. Pure functions."""
