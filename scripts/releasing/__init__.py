"""The steps of a release, each a command of its own in `scripts`; they know no package by name and keep no secret."""
