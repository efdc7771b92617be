"""Tests of xent_check.reference."""
