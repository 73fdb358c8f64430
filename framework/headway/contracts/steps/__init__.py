"""The steps a recipe may have: joins, windows, derived columns and limits, and what they share."""
