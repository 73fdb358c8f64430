"""Rows of a source → a dataset."""
