"""The parts of the documentation site that are made from the packages; it measures nothing and starts no engine."""
