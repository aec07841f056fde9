"""What happens in the conversations of a generated world: one short story for each kind."""
