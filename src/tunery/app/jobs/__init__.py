"""Jobs: what takes time, done in processes of its own, whatever happens to them.

`queue.Jobs` writes a job down in its caller's transaction. `runtime.Runtime` hands what is committed to DBOS, whose
durable workflows see to it that each job is done, once, by one worker: the workflow's name is the job's, its steps are
attempts (`attending`), and an attempt is a process (`process`) that carries out one of the `kinds`.

What can break, and what then happens:

- The process of a job dies: the next attempt goes on from its folder's checkpoints; after a few, the job has failed.
- The worker dies: its processes notice and stop; started anew in the same folder, DBOS gives it its jobs back.
- The worker never comes back (Postgres): another takes its jobs over once nothing was heard of it for a while.
- A worker was only thought dead: its attempts have lost their number, so that nothing they write is taken.
- The database or the disk is away: what was to be written waits until it is back.
"""
