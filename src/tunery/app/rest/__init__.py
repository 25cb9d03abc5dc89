"""The REST API: ``/api/v1``, one module of `routes` for each resource.

A route reads what was asked, calls one action, and says what came of it; what may be done and what it takes stands in
`tunery.app.actions`. All around the routes - the frame, problems, who is calling, tags, repeated requests, pages - is
the same for every route and stands here.
"""
