"""What the data must be: rules, checks for leaks, profiles."""
