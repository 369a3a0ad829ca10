"""Programs that run inside of jobs, on interpreters that are not ours: Node.js 20 and Python 3.9 or newer,
with nothing installed.
"""
