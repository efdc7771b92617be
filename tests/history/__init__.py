"""Tests of xent_check.history."""
