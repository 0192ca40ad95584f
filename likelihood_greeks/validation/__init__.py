"""Independent references: closed forms, quadrature and QuantLib."""
