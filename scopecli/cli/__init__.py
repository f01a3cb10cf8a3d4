"""The command line: options are parsed, the library is called, the result is drawn. No logic."""
