"""What a slice of each dataset is read through."""
