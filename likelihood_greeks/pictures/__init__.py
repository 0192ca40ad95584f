"""Pictures: everything that draws, and nothing that computes."""
