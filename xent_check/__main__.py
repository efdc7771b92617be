"""`python -m xent_check`."""

from .cli import main

main()
