"""Deployable packages and batch prediction."""
