"""Columns → arrays, by a graph that is fitted on the training rows."""
