"""Serves the models in ``models/``. ``python serve.py --help`` says how."""

from __future__ import annotations

import sys
from pathlib import Path

HERE = Path(__file__).resolve().parent
# What lies here goes before a Tunery that may be installed: the models were packaged with this one.
sys.path.insert(0, str(HERE))

if __name__ == "__main__":
    from tunery.serving.standalone import main

    sys.exit(main(HERE / "models", sys.argv[1:]))
