"""`python -m surety`, which is how the process tree starts its children."""

from surety.cli import main

main()
