"""All probes of this kernel, listed by bpftrace in the background, and the arguments of single probes on request."""

from __future__ import annotations

import contextlib
import hashlib
import io
import os
import re
import threading
from collections import OrderedDict
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Final, TypeAlias

from bttop.engine.host.folder import Folder
from bttop.engine.host.host import Bpftrace, Host
from bttop.engine.host.process.processes import PROC
from bttop.files import make_folder, write_whole
from bttop.script.library.listed_probes import ListedProbe, listed_probes
from bttop.script.library.probe_names import LONGEST_NAME, ProbeNames
from bttop.script.library.starters import Argument
from bttop.script.library.tracepoint_hints import in_words, stable_hints
from bttop.trust import Trust

LONGEST_LISTING: Final = 32 << 20
"""Bytes. Listings of kernels with many modules have 5 to 10 MB."""
_LONGEST_ANSWER: Final = 256 << 10
_MOST_ANSWERS: Final = 1024
_MOST_WAITING: Final = 32
_KEPT_FILES: Final = 4
_CLOSE_SECONDS: Final = 2.0

Ask: TypeAlias = Callable[[Sequence[str], int], bytes]
"""Runs a command and returns at most the given number of bytes of its stdout, whole lines only. Raises OSError."""


class KernelProbes:
    """The catalogue of a kernel's probes. No method but `close` blocks; `on_news` is called when new data is there."""

    def __init__(
        self,
        bpftrace: Bpftrace,
        cache: Path,
        on_news: Callable[[], None] = lambda: None,
        *,
        ask: Ask,
        host: Host | None = None,
    ) -> None:
        """`cache` is the folder for the listing. `on_news` is called on the background thread and should only notify
        another thread. `ask` runs a command with bpftrace's privilege; it is called on the background thread. `host`:
        the one whose kernel it is; None: this one."""
        self._host = host
        self._bpftrace = bpftrace
        self._cache = cache
        self._on_news = on_news
        self._ask = ask
        self._names = ProbeNames()
        self._loaded = False
        self._failure = ""
        self._answers: OrderedDict[str, tuple[Argument, ...]] = OrderedDict()
        self._wanted: list[str] = []
        self._news = threading.Condition()
        self._closed = False
        self._thread = threading.Thread(target=self._run, name="bttop-kernel-probes", daemon=True)

    def start(self) -> None:
        """Start the background thread. Call it only once."""
        self._thread.start()

    def close(self) -> None:
        """End the thread. Close the object behind `ask` first."""
        with self._news:
            self._closed = True
            self._news.notify()
        if self._thread.is_alive():
            self._thread.join(_CLOSE_SECONDS)

    @property
    def loaded(self) -> bool:
        """Whether loading has ended, successfully or not."""
        return self._loaded

    @property
    def failure(self) -> str:
        """Why loading failed; empty if it succeeded or has not ended."""
        return self._failure

    @property
    def names(self) -> ProbeNames:
        """The names of all probes; empty until they are loaded."""
        return self._names

    def search(self, text: str, limit: int = 200) -> Sequence[str]:
        """The best matches, as `ProbeNames.search` returns them; none until the probes are loaded."""
        return self._names.search(text, limit)

    def hint(self, probe: str) -> str:
        """The tracepoints of this kernel that report about the same as a probe on kernel functions, as a sentence; ''
        if there are none."""
        return in_words(tuple([one for one in stable_hints(probe) if one.tracepoint in self._names]))

    def arguments(self, probe: str) -> tuple[Argument, ...] | None:
        """The arguments of one probe, in order; empty if bpftrace lists none.

        None if they are not known yet: bpftrace then lists them in the background (35 to 70 ms), newest request first.
        """
        with self._news:
            known = self._answers.get(probe)
            if known is None and _can_be_asked(probe) and not self._closed:
                self._wanted = [*(one for one in self._wanted if one != probe), probe][-_MOST_WAITING:]
                self._news.notify()
            return known if _can_be_asked(probe) else ()

    def _run(self) -> None:
        try:
            lines = self._listing()
            self._names = ProbeNames(lines)
            self._failure = "" if len(self._names) else "bpftrace lists no probes (bpftrace -l)"
        except OSError as error:
            self._failure = f"the probes of this kernel cannot be listed: {error.strerror or error}"
        self._loaded = True
        self._tell()
        while (probe := self._next()) is not None:
            self._answer(probe)

    def _tell(self) -> None:
        if not self._closed:
            self._on_news()

    def _listing(self) -> Iterator[bytes]:
        path = self._cache / f"probes-{cache_key(self._bpftrace, self._host)}"
        listed = _cached(path)
        if listed is None:
            listed = self._ask([self._bpftrace.path, "-l"], LONGEST_LISTING)
            if listed and not self._closed:
                with contextlib.suppress(OSError):  # a full or read-only disk only makes the next start slower
                    _keep(path, listed)
        yield from io.BytesIO(listed)  # line by line: a list of all lines would need more memory than the names

    def _next(self) -> str | None:
        with self._news:
            self._news.wait_for(lambda: self._closed or self._wanted)
            return None if self._closed else self._wanted.pop()

    def _answer(self, probe: str) -> None:
        listed = self._with_arguments(probe)
        try:
            said = self._ask([self._bpftrace.path, "-lv", listed], _LONGEST_ANSWER)
        except OSError:
            said = b""
        with self._news:
            self._answers[probe] = tuple(arguments_in(said.decode(errors="replace"), probe, listed))
            while len(self._answers) > _MOST_ANSWERS:
                self._answers.popitem(last=False)
        self._tell()

    def _with_arguments(self, probe: str) -> str:
        """The name to pass to `-lv`: a kprobe's arguments are listed only with the fentry of the same function."""
        listed = _listed_name(probe)
        provider, _, function = listed.partition(":")
        others = (f"{one}:{function}" for one in ("fentry:vmlinux", "kfunc:vmlinux", "fentry", "kfunc"))
        return next((one for one in others if provider == "kprobe" and one in self._names), listed)


def arguments_in(listing: str, probe: str, listed: str = "") -> Iterator[Argument]:
    """The arguments in bpftrace's answer to `-lv`: the indented lines below the first name. Never raises.

    `listed` is the name passed to `-lv` if it differs from `probe`. The listing of an fentry probe includes `retval`,
    which only its fexit has.
    """
    providers = _providers(listed or _listed_name(probe))
    found = next((one for one in listed_probes(listing.split("\n")) if one.provider in providers), ListedProbe(""))
    at_exit = probe.startswith(("fexit:", "kretfunc:"))
    return (one for one in found.arguments if one.name and (one.name != "retval" or at_exit))


def cache_key(bpftrace: Bpftrace, host: Host | None = None) -> str:
    """A hash of all that the listing depends on: kernel, bpftrace, boot and loaded modules."""
    proc = PROC if host is None else host.proc
    kernel = os.uname().release if host is None else host.kernel
    modules = sorted(line.split(b" ", 1)[0] for line in _content(proc / "modules").split(b"\n"))
    parts = [
        *(kernel.encode(), str(bpftrace.release).encode(), os.fsencode(bpftrace.path)),
        *(_content(proc / "sys/kernel/random/boot_id"), *modules),
    ]
    return hashlib.blake2b(b"\0".join(parts), digest_size=12).hexdigest()


def _providers(listed: str) -> tuple[str, ...]:
    provider = listed.partition(":")[0]
    # From 0.22 the answer to `kfunc` uses the new name, fentry.
    return (provider, "fentry", "fexit", "kfunc", "kretfunc") if provider in ("kfunc", "fentry") else (provider,)


def _listed_name(probe: str) -> str:
    """The name under which a probe is listed with its arguments."""
    provider, _, rest = probe.partition(":")
    listed = {"fexit": "fentry", "kretfunc": "kfunc", "kretprobe": "kprobe", "uretprobe": "uprobe"}
    return f"{listed.get(provider, provider)}:{rest}"


def _can_be_asked(probe: str) -> bool:
    """Whether it is the name of exactly one probe, and bpftrace cannot read it as a search or a program."""
    return len(probe) <= LONGEST_NAME and re.fullmatch(r"[a-z]+:[^\s*?,{}\[\]\"]+", probe) is not None


def _content(path: Folder) -> bytes:
    try:
        return path.read_bytes()
    except OSError:
        return b""


def _cached(path: Path) -> bytes | None:
    try:
        return Trust.of_root().read(path, LONGEST_LISTING) or None
    except OSError:
        return None


def _keep(path: Path, listed: bytes) -> None:
    """Write the listing atomically, and remove old ones except for the newest `_KEPT_FILES`."""
    make_folder(path.parent)
    write_whole(path, listed)
    old = sorted(path.parent.glob("probes-*"), key=_modified, reverse=True)
    for one in old[_KEPT_FILES:]:
        one.unlink(missing_ok=True)


def _modified(path: Path) -> float:
    try:
        return path.stat().st_mtime
    except OSError:
        return 0.0
