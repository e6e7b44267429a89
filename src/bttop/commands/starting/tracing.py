"""Makes an engine from the arguments and starts its programs."""

from __future__ import annotations

import argparse
import contextlib
import sys
from collections.abc import Callable, Iterator, Sequence

from msgspec.structs import replace

from bttop.commands import COMMANDS
from bttop.commands.options.arguments import trust_of
from bttop.commands.options.typed import typed, with_pin
from bttop.commands.starting.site import Site, local_site, working_folder
from bttop.engine.cost.budget import Budget
from bttop.engine.engine import Engine
from bttop.engine.generation.source import Settings
from bttop.engine.host.host import Host, ReleaseQuery, check_can_trace
from bttop.engine.host.process.pid_numbers import PidNumbers
from bttop.engine.host.process.processes import look_up
from bttop.engine.request.pinning import left_out_by_name, numbered, with_children
from bttop.engine.request.questions import Asked, ProgramRequest, questions, wanted_files
from bttop.engine.safety.admission import Admission
from bttop.engine.safety.own_processes import own_processes
from bttop.engine.safety.trial_run import TrialRuns
from bttop.engine.tracer.bpftrace_queries import Asker
from bttop.engine.tracer.privilege import obtain, settings_rule
from bttop.errors import UsageError, bttop_command, command_line
from bttop.model.history.history import HistoryBudget
from bttop.output import warn
from bttop.paths import overlay
from bttop.script.library.probe_files import Library
from bttop.script.process.pin import Pin
from bttop.script.process.self_exclusion import Exclusion
from bttop.trust import Trust


def start_engine(
    options: argparse.Namespace, command: str, tell: Callable[..., None] = warn
) -> tuple[Engine, Settings]:
    """Check the host and start every program. Return the engine and the settings. Raises BttopError. `tell` gets the
    lines of each warning."""
    trust = trust_of(options)
    if options.hosts:
        asked, site = _far(options, command, trust, tell)
    else:
        asked, site = _local(options, command, trust, tell)
    if not site.privilege.settings:
        tell(
            "sudo drops bpftrace's settings (size of maps, names of user frames); this line in sudoers",
            f"keeps them: {settings_rule(site.bpftrace)}",
        )
    engine = engine_on(options, command, site)
    settings = start_on(options, engine, site, asked, trust)
    if site.far is None and settings.pin is not None and (left_out := left_out_by_name(settings.pin)):
        tell(left_out)
    return engine, settings


def _local(
    options: argparse.Namespace, command: str, trust: Trust, tell: Callable[..., None]
) -> tuple[tuple[ProgramRequest, ...], Site]:
    """The programs, and this host."""
    with ReleaseQuery(options.bpftrace, trust) as query:
        asked = asked_programs(options, trust, tell, can_ask=command == "bttop")
        check_options(options, command)
        site = local_site(query, trust)
    if options.children and (options.pin is None or not options.pin.pids):
        raise UsageError(
            "--children needs a process: add -p with its PID", hint=bttop_command(*command.split()[1:], "--help")
        )
    return asked, site


def _far(
    options: argparse.Namespace, command: str, trust: Trust, tell: Callable[..., None]
) -> tuple[tuple[ProgramRequest, ...], Site]:
    """The programs, and the host of -H. The connection is made while the scripts are read."""
    from bttop.commands.starting.far_site import connect, far_site  # only for other hosts
    from bttop.commands.starting.waiting import waiting_for

    check_options(options, command)
    connection = connect(options, trust)
    try:
        asked = asked_programs(options, trust, tell, can_ask=command == "bttop")
    except BaseException:
        connection.close()
        raise
    with waiting_for(lambda: options.hosts):
        return asked, far_site(connection, asked)


def check_options(options: argparse.Namespace, command: str) -> None:
    """Raise UsageError if `--unsafe` is not confirmed as this command needs it."""
    if options.unsafe != options.confirm_unsafe and (command != "bttop" or options.confirm_unsafe):
        why = "--unsafe lets programs change this system, so it needs a confirmation"
        missing = [one for one in ("--unsafe", "--confirm-unsafe") if one not in sys.argv]
        raise UsageError(why, hint=command_line(*typed(*missing)))


def engine_on(options: argparse.Namespace, command: str, site: Site, *, one_of: str = "") -> Engine:
    """The engine of a host, without programs. `one_of`: see `Engine`."""
    limits = Budget(options.budget)
    engine = Engine(
        site.host,
        site.bpftrace,
        site.spawn,
        # Only the screen shows past flushes; without one, an hour of large flushes would fill 64 MiB for nothing.
        budget=None if command == "bttop" else HistoryBudget(0),
        privilege=site.privilege,
        limits=limits,
        statistics=options.stats,
        folder=site.folder,
        numbers=site.numbers,
        link=None if site.far is None else site.far.link,
        one_of=one_of,
    )
    # On the screen a key confirms each program; a flag must not confirm all programs in advance.
    confirmed = options.confirm_unsafe and command != "bttop"
    engine.runner.admission = _admission(engine, options, limits, confirmed=confirmed)
    engine.runner.merges.wanted = options.fuse_probes
    return engine


def start_on(
    options: argparse.Namespace, engine: Engine, site: Site, asked: Sequence[ProgramRequest], trust: Trust
) -> Settings:
    """Start the programs. Raises UsageError if a pin has no process or cgroup; the engine is then closed."""
    try:
        pin = _pin(options, engine)
        return start_pinned(options, engine, site, asked, trust, pin)
    except UsageError:
        engine.close()
        raise


def start_pinned(
    options: argparse.Namespace,
    engine: Engine,
    site: Site,
    asked: Sequence[ProgramRequest],
    trust: Trust,
    pin: Pin | None,
) -> Settings:
    """Start the programs with a pin of this host. Raises UsageError if the pin of a pasted line has no process."""
    own_pins = tuple(_with_own_pin(one, site.numbers) for one in asked)
    exclude = None if options.show_self else _own_processes(engine, site)
    settings = Settings(round(options.interval * 1000), pin, exclude, trust, site.numbers.namespace)
    own = [settings if one.pin is None else replace(settings, pin=one.pin) for one in own_pins]
    engine.add_together(tuple(zip(own_pins, own, strict=True)))
    return settings


def _own_processes(engine: Engine, site: Site) -> Exclusion:
    if site.far is None:
        return own_processes(engine.tracer_pid, engine.bpftrace, site.numbers)
    tracer = site.far.tracer
    return own_processes(tracer, engine.bpftrace, site.numbers, tracer, site.host.proc)


def _pin(options: argparse.Namespace, engine: Engine) -> Pin | None:
    """Return the pin by bpftrace's process ids. Raises UsageError if a process has no such id."""
    if options.pin_text is None:
        return None
    if options.pin is None:
        found = engine.pin_of(options.pin_text)
    else:
        found = numbered(with_children(options.pin) if options.children else options.pin, engine.numbers)
    if isinstance(found, str):
        process = None if options.pin is None else look_up(options.pin.pids[0])
        hint = "" if process is None else command_line(*with_pin(typed(), process.comm))
        raise UsageError(found, title="no pin", hint=hint)
    return found


def _with_own_pin(request: ProgramRequest, numbers: PidNumbers) -> ProgramRequest:
    """The request with the pin of its pasted line by bpftrace's process ids. Raises UsageError as `_pin`."""
    found = None if request.pin is None else numbered(request.pin, numbers)
    if isinstance(found, str):
        raise UsageError(found, title=f"{request.name}: no pin")
    return replace(request, pin=found)


@contextlib.contextmanager
def short_queries(wanted: str | None, trust: Trust) -> Iterator[tuple[Engine, Asker]]:
    """An engine without programs, for short queries to bpftrace. `wanted`: the bpftrace to use. Raises
    CannotTrace."""
    with ReleaseQuery(wanted, trust) as query:
        host = Host.read()
        check_can_trace(host)
        bpftrace = query.answer()
    privilege = obtain(bpftrace, typed(), trust)
    engine = Engine(host, bpftrace, privilege=privilege, statistics=False, folder=working_folder(trust))
    engine.start()
    try:
        yield engine, Asker(engine.queries)
    finally:
        engine.close()


def asked_programs(
    options: argparse.Namespace, trust: Trust, tell: Callable[..., None], *, can_ask: bool
) -> tuple[ProgramRequest, ...]:
    """Return the requested programs. Reads only the files that the arguments name: thirty files would delay the first
    probe by 30 ms."""
    wanted = wanted_files(options.probe, options.programs)
    library = Library.load(overlay("probes", options.probes), wanted, trust)
    pinned = options.pin is not None and bool(options.pin.pids)
    asked = Asked(
        options.probe,
        options.programs,
        options.parameters,
        can_ask,
        pinned,
        options.unsafe,
        COMMANDS if can_ask else (),
    )
    try:
        requests = questions(library, asked, options.probes)
    except UsageError:
        # Read everything now: the message lists what exists.
        requests = questions(Library.load(overlay("probes", options.probes), trust=trust), asked)
    _tell_refused(library, tell)
    for one in requests:
        for note in one.notes:
            tell(f"{one.name}: {note}")
    return requests


def _admission(engine: Engine, options: argparse.Namespace, limits: Budget, *, confirmed: bool) -> Admission:
    """Return the admission check. `--unsafe` needs a confirmation: a key on the screen, else a second flag."""
    trial_runs = None if options.force else TrialRuns(limits, engine.host, engine.bpftrace, engine.runner)
    return Admission(trial_runs, unsafe=options.unsafe, confirmed=confirmed)


def _tell_refused(library: Library, tell: Callable[..., None]) -> None:
    """Warn about folders that are left out because others could have written them; bttop continues."""
    for failure in library.failures:
        if failure.fix and failure.path.suffix != ".bt":
            tell(str(failure))
