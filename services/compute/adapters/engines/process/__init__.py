"""Runs on this machine, each in a sandbox (bubblewrap) under a supervisor of its own that outlives the
worker. See README.md.
"""
