"""Diagnosis: which change of a problem's meaning reproduces given numbers."""
