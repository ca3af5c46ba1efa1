"""The commands, one module per group. They decide what to do and what to print, and leave the work to others."""
