"""Tidegate from Python and from the command line (`tidegate`): jobs, their logs and outputs."""
