"""Which framework's cross-entropy is right, by how much, and why."""

__version__ = "0.1.0"
