"""A scripted stand-in for the bpftrace executable.

`standin(tmp_path, steps)` writes an executable that carries out `steps`, one after the other, and exits with
0. The program text that it is given (after `-e`, or in the FILE of its arguments) can bring its own steps: a
line with `standin: ` followed by the steps as JSON, for example in a comment of a `.bt` file:

    // standin: [["json", {"type": "map", "data": {"@": 1}}], ["wait"]]

The variable BTTOP_STANDIN (JSON too) comes second, the steps of the executable last. `--version` prints the
release; options in `answers` print their text. Options that only check a program (`--test`, `--test-mode`,
`--mode`, `--dry-run`) exit with 0, or carry out the steps when the first of them is `refuse`. A program that
runs ends with 0 at SIGINT and SIGTERM, after the steps of `at-exit`.

Steps (text is written as UTF-8 with surrogateescape, and flushed):
    ["line", TEXT]  ["raw", TEXT]     to stdout, with and without a newline
    ["json", OBJECT]                  to stdout, as one line of JSON
    ["error", TEXT]                   to stderr, as it is
    ["flood", N, TEXT]                N lines "NUMBER TEXT" in large writes
    ["huge", BYTES]                   one line of that many bytes
    ["garbage", N]                    N bytes of every value, no newline at the end; always the same
    ["attach", N]                     what bpftrace prints when N probes are attached, in the release's order
    ["beat", MARK, SECONDS, TIMES, [OBJECT, ...]]
                                      every interval the objects, then a heartbeat; TIMES null: for ever
    ["sleep", SECONDS]  ["wait"]      wait is for a signal
    ["repeat", TIMES, STEPS]          null: for ever
    ["deaf", N]                       ignore the next N SIGINTs and SIGTERMs; -1: all
    ["at-exit", STEPS]                at SIGINT or SIGTERM
    ["refuse", TEXT, CODE]            TEXT to stderr, then exit: a program with an error in it
    ["exit", CODE]
    ["die", SIGNAL]                   by that signal, without a word
    ["close", "stdout" or "stderr"]
    ["child", STEPS]                  in a child of the same group, which holds the same pipes
    ["escape", STEPS]                 the same in a session of its own
    ["open", N]  ["shut", N]          open N descriptors of a kind that bpftrace has; close N of them, or all
    ["touch", PATH]  ["await", PATH]  make a file; wait until it is there
    ["open", N]                       N epoll descriptors, which count as `eventpoll`
    ["report"]                        one JSON line of what it was started with: argv, folder, env, pid, ppid, pgid,
                                      sid, nice, nofile, stdin (a path), ignored (a signal set in hexadecimal)
"""

from __future__ import annotations

import itertools
import json
import os
import re
import resource
import select
import signal
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from types import FrameType
from typing import Any, NoReturn

Steps = Sequence[Sequence[Any]]

CHECKS = ("--test", "--test-mode", "--mode", "--dry-run")
MARK = re.compile(r"standin: (\[.*\])")
POLL = 0.01


def standin(
    folder: Path,
    steps: Steps = (),
    version: str = "0.17.0",
    *,
    answers: Mapping[str, str] | None = None,
    name: str = "bpftrace",
) -> Path:
    """Write an executable that behaves as told; returns its path."""
    script = folder / name
    setting = json.dumps([steps, version, answers or {}])
    script.write_text(
        f"#!{sys.executable} -IS\n"
        f"import sys\nsys.path.insert(0, {str(Path(__file__).parent)!r})\n"
        f"import standin\nstandin.main({setting!r})\n"
    )
    script.chmod(0o755)
    return script


class Actor:
    """Carries out steps."""

    def __init__(self, version: str) -> None:
        self.version = tuple(int(part) for part in re.findall(r"\d+", version)[:2])
        self.at_exit: Steps = ()
        self.deaf = 0
        self.opened: list[select.epoll] = []
        self.verbs: dict[str, Callable[..., object]] = {
            "line": lambda text: write(1, text + "\n"),
            "raw": lambda text: write(1, text),
            "json": lambda data: write(1, json.dumps(data) + "\n"),
            "error": lambda text: write(2, text),
            "flood": flood,
            "huge": lambda size: write_all(1, b"x" * size + b"\n"),
            "garbage": lambda size: write_all(1, garbage(size)),
            "attach": self.attach,
            "beat": beat,
            "heartbeat": heartbeat,
            "sleep": time.sleep,
            "wait": self.wait,
            "repeat": self.repeat,
            "deaf": lambda count: setattr(self, "deaf", count),
            "at-exit": lambda steps: setattr(self, "at_exit", steps),
            "refuse": refuse,
            "exit": leave,
            "die": die,
            "close": lambda name: os.close({"stdout": 1, "stderr": 2}[name]),
            "child": self.child,
            "escape": lambda steps: self.child([["session"], *steps]),
            "session": os.setsid,
            "touch": lambda path: Path(path).touch(),
            "await": await_file,
            "open": lambda count: self.opened.extend(select.epoll() for _ in range(count)),
            "shut": self.shut,
            "report": report,
        }

    def play(self, steps: Steps) -> None:
        for verb, *arguments in steps:
            self.verbs[verb](*arguments)

    def repeat(self, times: int | None, steps: Steps) -> None:
        while times is None or times > 0:
            self.play(steps)
            times = None if times is None else times - 1

    def wait(self) -> NoReturn:
        while True:
            signal.pause()

    def attach(self, probes: int) -> None:
        attached = json.dumps({"type": "attached_probes", "data": {"probes": probes}}) + "\n"
        if self.version < (0, 24):
            write(1, attached)
        if os.environ.get("__BPFTRACE_NOTIFY_PROBES_ATTACHED") == "1":
            write(2 if self.version < (0, 23) else 1, "__BPFTRACE_NOTIFY_PROBES_ATTACHED\n")
        if self.version >= (0, 24):
            write(1, attached)

    def child(self, steps: Steps) -> None:
        if os.fork() == 0:
            self.at_exit = ()
            self.play(steps)
            os._exit(0)

    def shut(self, number: int | None = None) -> None:
        for one in self.opened[:number]:
            one.close()
        del self.opened[:number]

    def interrupted(self, _number: int, _frame: FrameType | None) -> None:
        if self.deaf:
            self.deaf -= 1
            return
        for number in (signal.SIGINT, signal.SIGTERM):
            signal.signal(number, signal.SIG_IGN)
        self.play(self.at_exit)
        os._exit(0)


def write(fd: int, text: str) -> None:
    write_all(fd, text.encode("utf-8", "surrogateescape"))


def write_all(fd: int, data: bytes) -> None:
    view = memoryview(data)
    while view:
        view = view[os.write(fd, view) :]


def garbage(size: int) -> bytes:
    return bytes((number * 167 + (number >> 8) * 13) & 255 for number in range(size - 1)) + b"\xff"


def flood(count: int, text: str) -> None:
    for start in range(0, count, 1000):
        write(1, "".join(f"{number} {text}\n" for number in range(start, min(count, start + 1000))))


def beat(mark: str, every: float, times: int | None, records: Sequence[object] = ()) -> None:
    number = 0
    while times is None or number < times:
        time.sleep(every)
        number += 1
        boot_ns = time.clock_gettime_ns(time.CLOCK_BOOTTIME)
        write(1, "".join(json.dumps(record) + "\n" for record in records))
        heartbeat(mark, number, boot_ns)


def heartbeat(mark: str, number: int, boot_ns: int, *last: int) -> None:
    """Print a heartbeat with the nonce of the script that was given; `last` is 1 for the one of END."""
    nonce = re.search(r"print\(\((\d+), \(", " ".join(sys.argv))
    numbers = [ord(mark) - ord("a"), number, boot_ns, *last]
    value = f"[{nonce[1] if nonce else 0},[{','.join(map(str, numbers))}]]"
    write(1, f'{{"type": "value", "data": {value}}}\n')


def refuse(text: str, code: int) -> NoReturn:
    write(2, text)
    leave(code)


def leave(code: int) -> NoReturn:
    os._exit(code)


def die(number: int) -> NoReturn:
    signal.signal(number, signal.SIG_DFL) if number != signal.SIGKILL else None
    os.kill(os.getpid(), number)
    leave(1)


def await_file(path: str) -> None:
    while not Path(path).exists():
        time.sleep(POLL)


def report() -> None:
    status = dict(line.split(":\t", 1) for line in Path("/proc/self/status").read_text().splitlines())
    found = {
        "argv": sys.argv[1:],
        "folder": str(Path.cwd()),
        "env": dict(os.environ),
        "pid": os.getpid(),
        "ppid": os.getppid(),
        "pgid": os.getpgrp(),
        "sid": os.getsid(0),
        "nice": os.nice(0),
        "nofile": resource.getrlimit(resource.RLIMIT_NOFILE),
        "stdin": str(Path("/proc/self/fd/0").readlink()),
        "ignored": status["SigIgn"],
    }
    write(1, json.dumps(found) + "\n")


def program_text(arguments: Sequence[str]) -> str:
    """The program after -e, and every file among the arguments."""
    texts = [after for option, after in itertools.pairwise(arguments) if option == "-e"]
    for argument in arguments:
        # The text of -e can be longer than any path may be.
        if len(argument) < 4096 and "\n" not in argument and Path(argument).is_file():
            texts.append(Path(argument).read_text(errors="replace"))
    return "\n".join(texts)


def choose(arguments: Sequence[str], own: Steps) -> Steps:
    """The steps of this call."""
    marked = MARK.search(program_text(arguments))
    text = marked[1] if marked else os.environ.get("BTTOP_STANDIN")
    return json.loads(text) if text else own


def main(setting: str) -> None:
    own, version, answers = json.loads(setting)
    arguments = sys.argv[1:]
    answers.setdefault("--version", f"bpftrace v{version}\n")
    for option in arguments:
        if option in answers:
            write(1, answers[option])
            leave(0)
    actor = Actor(version)
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, actor.interrupted)
    steps = choose(arguments, own)
    checking = any(argument in CHECKS for argument in arguments)
    if not checking or (steps and steps[0][0] == "refuse"):
        actor.play(steps)
    leave(0)
