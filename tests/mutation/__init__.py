"""Faults planted at random where the tool decides: `python -m tests.mutation`. No tests here."""
