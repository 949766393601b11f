"""What checking, stepping and training cost, measured; ``docs/performance.md`` is written from it."""
