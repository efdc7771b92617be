"""Mutants: right losses with one bug each, of a class that public reports show."""
