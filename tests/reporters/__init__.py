"""Tests of xent_check.reporters."""
