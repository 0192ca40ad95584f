"""Contracts: observation dates, and a function from spot paths to cash flows. They know no model."""
