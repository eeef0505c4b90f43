"""The command line: options, verbs, and their output."""
