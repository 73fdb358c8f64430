"""Rows → train, validation and test."""
