"""Tests of xent_check.search."""
