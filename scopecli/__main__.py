"""`python -m scopecli`."""

from scopecli.cli import main

if __name__ == "__main__":
    main()
