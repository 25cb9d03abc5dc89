"""Models behind an API: the server, its keys, and the client that talks to it.

What lives here: what happens between a request and its answer. May import `tunery.models` and what lies below it; never
imports `tunery.tuning` or `tunery.evaluation`, so that a deployed image stays small. Nothing that a server of exported
models loads needs torch, transformers, scikit-learn, scipy or pyarrow. The client needs none of the server's modules.
"""
