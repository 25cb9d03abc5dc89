"""Labelling, as far as it needs to know what is labelled: which rows come first, what is suggested, what follows.

`tunery.store.annotation` keeps queues, leases and answers; here is what lies between it and models and data:

- `surface`: an item as the labelling page gets it, with its words, and an answer as it comes back.
- `choosing`: which rows come into a queue.
- `suggesting`: what a model says of them, and in which order they are asked.
- `results`: agreement, and a new version from the answers.
- `exchange`: to and from Label Studio and doccano.
"""
