"""`python -m scopecli`."""

from scopecli.cli.main import main

if __name__ == "__main__":
    main()
