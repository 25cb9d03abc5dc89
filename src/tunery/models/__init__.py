"""A base model with a task's head, and the folder it is kept in: load, save, predict.

May import `tunery.tasks` and what lies below it. Never trains. Never writes or reads a pickle, and never runs code that
comes with a model.
"""
