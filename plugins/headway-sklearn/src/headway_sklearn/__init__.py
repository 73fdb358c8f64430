"""Baselines from scikit-learn."""
