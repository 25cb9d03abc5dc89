"""The kinds of jobs, one file each; see `tunery.app.jobs.kind`."""
