"""The back end that writes a ``DirectRLEnv`` in torch."""
