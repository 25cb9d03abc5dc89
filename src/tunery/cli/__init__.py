"""The command line: parses, calls one public function, prints.

What lives here: one module per command, the options derived from settings, and the one place where errors become words
and exit codes. Results go to standard output, everything else to standard error. Nothing is decided here: whatever a
terminal can do, a notebook can do with the same public function.

May import everything; nothing imports it. Loads torch only once a command needs it.
"""

from __future__ import annotations

import sys


def main() -> None:
    """Run the command line on this process's arguments and exit."""
    from tunery.cli.main import run

    sys.exit(run(sys.argv[1:]))
