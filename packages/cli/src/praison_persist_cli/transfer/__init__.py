"""Moving the content of stores: copies between stores, JSON lines out and in. Prints nothing."""
