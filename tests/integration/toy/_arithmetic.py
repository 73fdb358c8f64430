"""A helper module, whose edits must be noticed."""


def power(base: int, exponent: int) -> int:
    # a comment
    return base**exponent
