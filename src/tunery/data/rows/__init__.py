"""What the rows of a data set mean: cells into texts, labels, spans; one module for each kind of row.

Each kind has a function that takes the whole data set (a `Job`) and returns how one row of it is read: what can only be
told from all rows, such as a tag scheme, is told once.
"""
