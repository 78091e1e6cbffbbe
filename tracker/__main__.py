"""`python -m tracker`: the operator commands."""

from tracker.cli.main import main

main()
