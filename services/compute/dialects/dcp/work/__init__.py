"""Work functions: which language, and whether they can be one, before a job is made of them (contract 4).

languages.py       the words for languages and runtimes
javascript.py      JavaScript, read and never run
typescript.py      types taken out of TypeScript, each line and column kept
python_source.py   Python, compiled and never run
trees.py           syntax trees: where the first mistake is
faults.py          what is wrong with one
"""
