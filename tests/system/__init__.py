"""Tests against the system programs that the product is deployed with. `make test-system` runs them; `make test`, which
needs nothing but Python, does not."""
