"""Every probe of this kernel, asked of bpftrace in the background, and the arguments of those that are looked at."""

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

from bttop.engine.host import Bpftrace
from bttop.files import make_folder, write_whole
from bttop.script.probenames import LONGEST_NAME, ProbeNames
from bttop.script.stable import stable_hint
from bttop.script.starters import Argument
from bttop.trust import Trust

LONGEST_LISTING: Final = 32 << 20
"""Bytes. Listings of kernels with many modules have 5 to 10 MB."""
_LONGEST_ANSWER: Final = 256 << 10
_MOST_ANSWERS: Final = 1024
_MOST_WAITING: Final = 32
_KEPT_FILES: Final = 4
_CLOSE_SECONDS: Final = 2.0
_ARGUMENT: Final = re.compile(r"    (?P<type>\S.*?)(?P<name>[A-Za-z_]\w*)(?P<array>(?:\[\d*\])*)")

Ask: TypeAlias = Callable[[Sequence[str], int], bytes]
"""Runs a command and gives at most so many bytes of what it prints on stdout, whole lines only. Raises OSError."""


class KernelProbes:
    """The catalogue of a kernel's probes. Nothing here waits; `on_news` tells when something new is known."""

    def __init__(
        self, bpftrace: Bpftrace, cache: Path, on_news: Callable[[], None] = lambda: None, *, ask: Ask
    ) -> None:
        """`cache` is the folder for the listing; `on_news` is called on the background thread and should only
        leave word for its own; `ask` asks with the privilege that bpftrace needs, on the background thread."""
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
        """Begin, on a thread of its own. Only once."""
        self._thread.start()

    def close(self) -> None:
        """End the thread. Whoever answers must be closed before."""
        with self._news:
            self._closed = True
            self._news.notify()
        if self._thread.is_alive():
            self._thread.join(_CLOSE_SECONDS)

    @property
    def loaded(self) -> bool:
        """Whether loading has ended, well or not."""
        return self._loaded

    @property
    def failure(self) -> str:
        """Why there are no probes, once that is known; else empty."""
        return self._failure

    @property
    def names(self) -> ProbeNames:
        """What there is by now; empty until it is loaded."""
        return self._names

    def search(self, text: str, limit: int = 200) -> Sequence[str]:
        """The probes that fit best, as `ProbeNames.search`; none until they are loaded."""
        return self._names.search(text, limit)

    def hint(self, probe: str) -> str:
        """The tracepoint of this kernel that tells about the same as a probe on a kernel function, or ''."""
        hint = stable_hint(probe)
        return hint if hint in self._names else ""

    def arguments(self, probe: str) -> tuple[Argument, ...] | None:
        """The arguments of one probe, in order; empty when it has none that bpftrace knows of.

        None when that is not known yet: bpftrace is then asked (35 to 70 ms), the last question first.
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
        path = self._cache / f"probes-{cache_key(self._bpftrace)}"
        listed = _cached(path)
        if listed is None:
            listed = self._ask([self._bpftrace.path, "-l"], LONGEST_LISTING)
            if listed and not self._closed:
                with contextlib.suppress(OSError):  # a full or read-only disk costs the next start, not this one
                    _keep(path, listed)
        yield from io.BytesIO(listed)  # line by line: a list of all would cost more memory than what is kept

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
        """The name to ask by: a kprobe's arguments are only listed with the same function's fentry, if at all."""
        listed = _listed_name(probe)
        provider, _, function = listed.partition(":")
        others = (f"{one}:{function}" for one in ("fentry:vmlinux", "kfunc:vmlinux", "fentry", "kfunc"))
        return next((one for one in others if provider == "kprobe" and one in self._names), listed)


def arguments_in(listing: str, probe: str, listed: str = "") -> Iterator[Argument]:
    """The arguments in bpftrace's answer to `-lv`: the indented lines below the first name. Total.

    `listed` is the name that was asked for, where it is another. The listing of an fentry probe names `retval`
    too, which only its fexit has.
    """
    providers = _providers(listed or _listed_name(probe))
    at_exit = probe.startswith(("fexit:", "kretfunc:"))
    inside = False
    for line in listing.split("\n"):
        if not line.startswith("    "):
            if inside and ":" in line:
                return
            inside = inside or line.partition(":")[0] in providers
            continue
        found = _ARGUMENT.fullmatch(line.rstrip(" ;\r"))
        if inside and found is not None and (found["name"] != "retval" or at_exit):
            yield Argument(found["type"].strip() + found["array"], found["name"])


def cache_key(bpftrace: Bpftrace) -> str:
    """What the listing depends on: kernel, bpftrace, boot and loaded modules, as one word."""
    modules = sorted(line.split(b" ", 1)[0] for line in _content(Path("/proc/modules")).split(b"\n"))
    parts = [
        *(os.uname().release.encode(), str(bpftrace.release).encode(), os.fsencode(bpftrace.path)),
        *(_content(Path("/proc/sys/kernel/random/boot_id")), *modules),
    ]
    return hashlib.blake2b(b"\0".join(parts), digest_size=12).hexdigest()


def _providers(listed: str) -> tuple[str, ...]:
    provider = listed.partition(":")[0]
    # Since 0.22 the answer to `kfunc` calls it by its new name.
    return (provider, "fentry", "fexit", "kfunc", "kretfunc") if provider in ("kfunc", "fentry") else (provider,)


def _listed_name(probe: str) -> str:
    """The name under which a probe is listed with its arguments."""
    provider, _, rest = probe.partition(":")
    listed = {"fexit": "fentry", "kretfunc": "kfunc", "kretprobe": "kprobe", "uretprobe": "uprobe"}
    return f"{listed.get(provider, provider)}:{rest}"


def _can_be_asked(probe: str) -> bool:
    """Whether it is the name of one probe, and nothing that bpftrace could take for something else."""
    return len(probe) <= LONGEST_NAME and re.fullmatch(r"[a-z]+:[^\s*?,{}\[\]\"]+", probe) is not None


def _content(path: Path) -> bytes:
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
    """Write the listing, whole or not at all, and remove those of earlier boots."""
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
