"""`python -m tinycnn`."""

from tinycnn.cli import main

if __name__ == "__main__":
    main()
