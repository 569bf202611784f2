"""`python -m hanlon.cli`."""

from hanlon.cli import main

main()
