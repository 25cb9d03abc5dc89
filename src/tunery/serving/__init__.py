"""Answers over HTTP: many models at once on one small machine.

A request goes through `frame` (what happens around every request), `app` (routes), `requests` (bodies read and
checked), `endpoints` (which model answers), `batcher` (batches across callers), `engines` (what runs them) and
`answers` (how they are written); `server` ties these together. `supervisor` starts `worker` processes, and starts them
again when they die. `client` is the other end.

May import `tunery.models` and what lies below it; never `tunery.tuning` or `tunery.evaluation`, and torch only for
models that torch has to run: what is deployed stays small.
"""
