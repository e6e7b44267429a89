"""`bttop doctor`: what works on this machine, what does not, and the command that fixes it."""

from __future__ import annotations

from collections.abc import Sequence

from bttop.commands.options.arguments import Parser, add_hosts, add_trust, trust_of
from bttop.engine.doctor.examination import as_object, examine, exit_code, meet, written
from bttop.engine.request.questions import wanted_files
from bttop.model.format.json_text import json_text
from bttop.output import USUAL_WIDTH, say, width, write_data
from bttop.paths import overlay
from bttop.script.library.probe_files import Library

_NARROWEST = 44
"""Least width of the table in columns; a narrower one has no room beside the names of the checks."""


def run(arguments: Sequence[str]) -> int:
    """Print the table; return 3 if something is broken for the five stock probes, else 0."""
    parser = Parser(prog="bttop doctor", description="report what works on this machine, and how to fix the rest")
    parser.add_argument("--json", action="store_true", help="as one JSON object")
    parser.add_argument("--bpftrace", metavar="PATH", help="the bpftrace to check (also $BTTOP_BPFTRACE)")
    add_hosts(parser)
    parser.add_argument("--many", action="store_true", help="with -H: more than 64 hosts are meant")
    add_trust(parser)
    options = parser.parse_args(arguments)
    trust = trust_of(options)
    if options.hosts:
        from bttop.commands import doctor_hosts  # only for other hosts

        given = options.hosts, options.ssh, options.bpftrace, trust
        return doctor_hosts.examine(*given, sudo=options.sudo, many=options.many, as_json=options.json)
    patient = meet(options.bpftrace, trust)
    findings = examine(patient, Library.load(overlay("probes"), wanted_files((), ()), trust))
    if options.json:
        text = json_text(as_object(findings, patient), indent=2)
        write_data(lambda out: out.write(f"{text}\n"))
    else:
        say(written(findings, patient, min(max(width(), _NARROWEST), USUAL_WIDTH)))
    return exit_code(findings)
