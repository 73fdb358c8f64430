"""Evaluation with uncertainty, and its report."""
