"""The products that a book may hold: a file a family, with its contract, its columns and what a past leaves of it."""
