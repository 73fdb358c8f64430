"""Headway's figures side by side with the papers': see `__main__`."""
