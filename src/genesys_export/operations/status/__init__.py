"""What is published of each day, as text, JSON or a page."""
