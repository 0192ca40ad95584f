"""The profit or loss of a book between two markets, and what it comes from."""
