"""Tests of xent_check.running."""
