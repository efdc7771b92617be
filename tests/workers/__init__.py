"""Tests of xent_check.workers."""
