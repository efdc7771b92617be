"""Mutants in PyTorch: bugs of the backward pass that its autograd runs."""
