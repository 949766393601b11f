"""The command line: one module a command. Only this package and ``runtime`` talk to the user."""
