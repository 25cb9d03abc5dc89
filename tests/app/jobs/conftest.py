from __future__ import annotations

import sys

from tests.app.jobs.helpers import PLUGIN

# The kind of job that these tests bring along is known in this process too.
sys.path.append(str(PLUGIN))
