"""Measures Roomwire beside what else could be built: `python -m bench`, or `make bench`."""
