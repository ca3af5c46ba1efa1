"""Uses the installed wheel: run in an environment that holds nothing else, in an empty directory."""
