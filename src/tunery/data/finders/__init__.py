"""What can be wrong with a data set, one short function for each thing.

A finder takes a `Subject` and yields a `Problem` for each kind of thing it found, with the number of rows and the place
of the first. To look for something new, write its function in the module it belongs to, add it to that module's
``FINDERS`` and its code to docs/data-check.md.
"""

from __future__ import annotations

from tunery.data.finders import duplicates, labels, splits, texts
from tunery.data.finders.subject import Finder

FINDERS: tuple[Finder, ...] = (*splits.FINDERS, *labels.FINDERS, *duplicates.FINDERS, *texts.FINDERS)
"""Every finder; problems of equal severity are shown in this order."""
