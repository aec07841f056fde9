"""Read a published day back and compare it with its manifest."""
