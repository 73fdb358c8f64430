"""Baselines and gradient-boosted trees from scikit-learn."""
