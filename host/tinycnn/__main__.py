"""`tinycnn`, and `python -m tinycnn`."""

from tinycnn import interrupt


def main() -> None:
    """Run the command line: Ctrl-C is one line from here on, while it is still imported too."""
    with interrupt.prompt():
        from tinycnn.cli import main as run

        run()


if __name__ == "__main__":
    main()
