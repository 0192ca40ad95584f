"""All products of a book: a line a family."""

from __future__ import annotations

from . import averages, barriers, europeans, exercises, forward_starts, forwards, notes, swaps, touches
from .product import Product

FAMILIES = (europeans, exercises, barriers, averages, notes, touches, swaps, forward_starts, forwards)
PRODUCTS: dict[str, Product] = {name: product for family in FAMILIES for name, product in family.PRODUCTS.items()}
"""By name, those of users too."""
EUROPEAN = europeans.PRODUCTS
ANY = tuple(EUROPEAN)
"""What may be knocked in or out."""
FLOATING = "floating"
