"""`python -m xent_check`."""

from xent_check.cli import main

main()
