"""The doors from other tools: each imports its engine, and is imported by nobody but its user."""
