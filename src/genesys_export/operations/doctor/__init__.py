"""Would an export work here? One finding for each thing it needs."""
