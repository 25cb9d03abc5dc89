"""What `benchmarks/serving.py` is made of: the table, processes, models, and the rows by what they are about."""
