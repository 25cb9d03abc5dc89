"""The routes, one module for each resource. A module has a ``router``; `tunery.app.rest.application` finds it."""
