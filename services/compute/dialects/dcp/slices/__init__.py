"""What a request says its slices are: JSON in, blocks of slices out (contract 3.1).

forms.py    which form it is: a list, a range, several of them, remote data
numbers.py  ranges of numbers, counted and never made
remote.py   addresses whose content is the data
"""
