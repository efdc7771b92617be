"""Tests of xent_check.cli."""
