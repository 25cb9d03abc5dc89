"""Jobs: what takes time, done in processes of its own, whatever happens to them.

`queue.Jobs` writes a job down in its caller's transaction. `runtime.Runtime` hands what is committed to DBOS, whose
durable workflows see to it that each job is done, once, by one worker: the workflow's name is the job's, its steps are
attempts (`attending`), and an attempt is a process (`process`) that carries out one of the `kinds`.

DBOS knows a worker by its executor id, which is kept in its folder (``jobs/worker``): at a start it gives back what
this id had begun. In SQLite there is one worker, and DBOS keeps its tables in ``jobs/dbos.db``. In Postgres there may
be many, each with a folder of its own; DBOS's tables are in the schema ``dbos``, which its user must be able to
make. Each worker says every few seconds in the table of workers that it is alive. Whoever finds one that has long been
silent has DBOS put what that executor id had begun back into the queue, which it does once however often it is asked.

What can break, and what then happens:

- The process of a job dies: the next attempt goes on from its folder's checkpoints; after a few, the job has failed.
- The worker dies: its processes notice and stop; started anew in the same folder, DBOS gives it its jobs back.
- The worker never comes back (Postgres): another takes its jobs over once nothing was heard of it for a while.
- A worker was only thought dead: its attempts have lost their number, so that nothing they write is taken.
- The database or the disk is away: what was to be written waits until it is back.
"""
