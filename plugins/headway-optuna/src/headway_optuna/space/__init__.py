"""What a sweep searches: parameters with their distributions, conditions and constraints."""
