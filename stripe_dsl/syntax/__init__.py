"""From text to tree: grammar, parser, formatter."""
