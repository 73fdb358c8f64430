"""Small real data sets for Headway, and their configs."""
