"""Tests of xent_check.diagnosis."""
