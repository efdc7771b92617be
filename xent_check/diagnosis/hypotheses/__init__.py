"""Hypotheses: changes of a problem's meaning, by what they change."""
