"""Data and features stages for tables."""
