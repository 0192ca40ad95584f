"""Reports of a book's risk: pictures, and files for people."""
