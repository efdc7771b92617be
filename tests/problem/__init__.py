"""Tests of xent_check.problem."""
