"""Fuzzing: problems that nobody wrote down, until an implementation diverges on one."""
