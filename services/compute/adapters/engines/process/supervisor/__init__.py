"""The program beside each run: starts the sandbox, holds it to its limits, saves what it prints, writes down
how it ended. It imports the standard library's smallest parts only: its start is part of every run.
"""
