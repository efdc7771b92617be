"""Sweeping: every input of a finite domain, through implementations."""
