"""What can be done in a workspace, each kind of thing in its module; see `tunery.app`."""
