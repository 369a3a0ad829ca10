"""Works off slices of Python functions. Python 3.9 must be able to read it."""
