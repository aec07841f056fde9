"""What an operator does apart from exporting: look at what is published and check it."""
