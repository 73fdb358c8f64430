"""The closed language of `derive`: its grammar, its meaning, and its values over tables."""
