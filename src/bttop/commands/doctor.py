"""`bttop doctor`: what of bttop works on this machine, what does not, and the command that mends it."""

from __future__ import annotations

import json
import sys
from collections.abc import Sequence

from bttop.commands.arguments import Parser
from bttop.engine.doctor.examination import as_object, examine, exit_code, meet, written
from bttop.engine.questions import wanted_files
from bttop.paths import overlay
from bttop.script.library import Library


def run(arguments: Sequence[str]) -> int:
    """Print the table; 3 when something is broken for the five panes, else 0."""
    parser = Parser(prog="bttop doctor", description="say what works on this machine, and what mends what does not")
    parser.add_argument("--json", action="store_true", help="as one JSON object")
    parser.add_argument("--bpftrace", metavar="PATH", help="which bpftrace to look at (also $BTTOP_BPFTRACE)")
    options = parser.parse_args(arguments)
    patient = meet(options.bpftrace)
    findings = examine(patient, Library.load(overlay("probes"), wanted_files((), ())))
    text = json.dumps(as_object(findings, patient), indent=2) if options.json else "\n".join(written(findings, patient))
    sys.stdout.write(f"{text}\n")
    return exit_code(findings)
