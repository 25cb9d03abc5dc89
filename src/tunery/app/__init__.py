"""The running application: jobs, REST API and studio, over one workspace.

Whatever can be done is a function of `tunery.app.actions`: it checks who may do it, does it in one transaction together
with its entry in the audit log, and starts the jobs it needs. REST routes and pages call these functions and hold no
logic of their own.
"""
