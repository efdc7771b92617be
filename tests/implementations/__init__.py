"""Tests of xent_check.implementations."""
