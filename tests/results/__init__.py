"""Tests of xent_check.results."""
