"""What stands before a network: numbers and codes become one matrix, or one token each."""
