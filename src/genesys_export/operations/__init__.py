"""What an operator does beside exporting: looks at what is there, and checks it."""
