"""From the printed lines of stacks to the numbers of their frames. Each distinct line is read once."""

from __future__ import annotations

from collections.abc import Sequence

from bttop.model.flush.by_function import FrameNamer
from bttop.model.record.stacks import Site, parse_frame
from bttop.model.record.telling_frames import ends_early
from bttop.model.stacks.form import FlameForm
from bttop.model.stacks.frame import NO_SYMBOL, Frame, frame_of, module_of

_FIRST = 4
"""How many times larger the first piece is: most stacks of a program have the same outermost frames."""
NONE = -1
"""The number of a line without a frame."""


class FrameNumbers:
    """Numbers distinct frames in the order in which they are found."""

    def __init__(self) -> None:
        self.frames: list[Frame] = []
        self.merging: set[int] = set()
        """The frames of which several in a row are one node."""
        self.nameless: set[int] = set()
        """The frames without a symbol."""
        self._numbers: dict[Frame, int] = {}

    def number(self, frame: Frame, *, merges: bool = False) -> int:
        """The number of a frame."""
        found = self._numbers.get(frame)
        if found is None:
            found = self._numbers[frame] = len(self.frames)
            self.frames.append(frame)
            if merges:
                self.merging.add(found)
        return found


class StackLines:
    """Reads the stacks of the kernel, or those of one process."""

    def __init__(
        self, numbers: FrameNumbers, form: FlameForm, *, is_kernel: bool, pid: int = 0, namer: FrameNamer | None = None
    ) -> None:
        """`namer` names the addresses of the process `pid`."""
        self._numbers = numbers
        self._form = form
        self._is_kernel = is_kernel
        self._pid = pid
        self._namer = namer
        self.known: dict[str, int] = {}
        """The number of each line that was read."""
        self._symbols: dict[str, int] = {}
        self._early: dict[tuple[str, int], bool] = {}
        self.ends: dict[str, int] = {}
        """The node at the end of a piece of a stack, by the node above it and the text of the piece."""

    def number(self, line: str) -> int:
        """The number of the frame of a line; NONE if it has none."""
        found = self.known.get(line)
        if found is None:
            found = self.known[line] = self._by_symbol(line)
        return found

    def _by_symbol(self, line: str) -> int:
        """The number of a line that was not read yet. Lines that differ only in their offsets are the same function."""
        symbol, plus, offset = line.rpartition("+")
        if self._form.names == "offset" or not plus or not offset.isdecimal():
            return self._read(line)
        found = self._symbols.get(symbol)
        if found is None:
            found = self._symbols[symbol] = self._read(line)
        return found

    def _read(self, line: str) -> int:
        frame = self._frame(line, offsets=self._form.names == "offset")
        if frame is None:
            return NONE
        is_nameless = frame.kind == "unknown"
        by_module = self._form.names == "module"
        frame = module_of(frame) if by_module else frame
        merges = by_module or (not self._form.whole and frame.kind == "unknown" and frame.name.startswith("["))
        number = self._numbers.number(frame, merges=merges)
        if is_nameless:
            self._numbers.nameless.add(number)
        return number

    def _frame(self, line: str, *, offsets: bool) -> Frame | None:
        parsed = parse_frame(line)
        if parsed is None:
            return None
        site, file = parsed
        if self._namer is not None and site.name.startswith("0x"):
            name = self._namer(self._pid, int(site.name, 16))
            site = Site(f"{name} {site.name}" if name and offsets else name or site.name, None)
        frame = frame_of(site, file, is_kernel=self._is_kernel, offsets=offsets)
        return Frame(site.name, "unknown") if frame.name == NO_SYMBOL and self._form.whole else frame

    def ends_early(self, text: str, count: int) -> bool:
        """Whether a stack of `count` frames ends before the start of its thread."""
        body = text.rstrip()
        outermost = body[body.rfind("\n") + 1 :]
        if outermost.strip() == "0":
            outermost = body[:-1].rstrip().rpartition("\n")[2]
        about = outermost, min(count, 3)
        found = self._early.get(about)
        if found is None:
            frame = self._frame(outermost, offsets=False)
            name = "" if frame is None else "0x0" if frame.name == NO_SYMBOL else frame.text
            found = self._early[about] = ends_early([name] * about[1], depth=4)
        return found


def count_frames(text: str) -> int:
    """The number of frames of a printed stack."""
    body = text.strip()
    if not body:
        return 0
    return body.count("\n") + (not body.endswith("\n0") and not body.endswith(("\t0", " 0")))


def from_outermost(text: str, size: int) -> Sequence[str]:
    """A printed stack in pieces of whole lines, the outermost first, of about `size` characters; the first is larger.
    Stacks with the same outermost frames begin with the same pieces."""
    pieces: list[str] = []
    end = len(text)
    while end > size:
        room = size * _FIRST if not pieces and end > size * _FIRST else size
        start = text.find("\n", end - room, end)
        start = start if start >= 0 else text.rfind("\n", 0, end - room)
        if start <= 0:
            break
        pieces.append(text[start:end])
        end = start
    pieces.append(text[:end])
    return pieces


def from_innermost(text: str, size: int) -> Sequence[str]:
    """The same from the innermost frames on."""
    pieces, start, length = [], 0, len(text)
    while length - start > size:
        end = text.rfind("\n", start + 1, start + size)
        end = end if end > 0 else text.find("\n", start + size)
        if end < 0:
            break
        pieces.append(text[start:end])
        start = end
    pieces.append(text[start:])
    return pieces
