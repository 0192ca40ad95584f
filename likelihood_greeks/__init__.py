"""Greeks."""
