"""Roomwire."""
