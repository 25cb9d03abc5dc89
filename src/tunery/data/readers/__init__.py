"""File formats into rows: one module per format, found because it lies here; a new format is a new file.

A reader gives rows as they stand in the file, values by column, with the line each starts on. What a column means is
decided afterwards, over all files of a data set (`tunery.data.columns`), and rows become examples last
(`tunery.data.convert`). So every format gets the same checks and the same messages.
"""
