"""Tests of xent_check.casefile."""
