"""The workspace: what a team has, as rows and blobs. Knows no machine learning.

Rows lie in SQLite or Postgres, blobs in a folder or in object storage; both are reached through a `Workspace`. Each
module here is about one kind of thing and has functions that take a session, so that several changes can be one
transaction:

    with workspace.writing() as session:
        project = projects.create(session, name="Reviews", user=user.id)
        data_set = data_sets.create(session, project=project.id, name="first", task="text-classification")
"""
