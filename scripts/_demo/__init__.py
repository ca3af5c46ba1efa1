"""What scripts/demo runs inside its fresh environment, as ``python -m _demo``; uses only what a user would import."""
