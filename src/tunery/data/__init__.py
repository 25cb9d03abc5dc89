"""Files into checked examples: readers, checks, splits.

What lives here: readers for every file format, the choice of columns, tag schemes, encodings, the splits that are
missing, near duplicates, and the check that tells what is wrong with a data set. It knows what a row looks like and
nothing of models or tasks: a task says what it needs by a `Schema`.

May import `tunery.sources` and what lies below it. Never imports torch, transformers or scikit-learn.
"""
