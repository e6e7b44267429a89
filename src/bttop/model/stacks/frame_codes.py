"""From the printed lines of stacks to paths: text with one character per frame. Each distinct line is read once."""

from __future__ import annotations

from typing import Final

from bttop.model.flush.by_function import FrameNamer
from bttop.model.record.stacks import StackFrame, parse_frame
from bttop.model.record.telling_frames import ends_early
from bttop.model.stacks.form import FlameForm
from bttop.model.stacks.frame import NO_SYMBOL, TOO_MANY, Frame, frame_of, module_of

MOST_FRAMES: Final = 1_000_000
"""Maximum number of distinct frames: Unicode has 1,114,112 characters."""
_PIECE: Final = 400
"""Characters of a stack that are looked up at once: nearly all stacks share their outer frames with others."""


class FrameCodes:
    """Gives each distinct frame a character: its index in the order in which the frames are found."""

    def __init__(self) -> None:
        self.frames: list[Frame] = []
        self.merging: set[str] = set()
        """The frames of which several in a row are one."""
        self.nameless: set[int] = set()
        """The indexes of the frames without a symbol."""
        self._codes: dict[Frame, str] = {}

    def code(self, frame: Frame, *, merges: bool = False) -> str:
        """The character of a frame. All frames above the limit have the same one."""
        found = self._codes.get(frame)
        if found is None:
            if len(self.frames) >= MOST_FRAMES:
                frame, merges = Frame(TOO_MANY, "unknown"), True
            found = self._codes.setdefault(frame, chr(len(self.frames)))
            if ord(found) == len(self.frames):
                self.frames.append(frame)
            if merges:
                self.merging.add(found)
        return found

    def merged(self, path: str) -> str:
        """A path with one frame in place of several equal ones in a row, where these are to be merged."""
        for one in self.merging:
            while one + one in path:
                path = path.replace(one + one, one)
        return path


class StackLines(dict[str, str]):
    """Reads the stacks of the kernel, or those of one process: the character of each line, empty for a line without a
    frame."""

    def __init__(
        self, codes: FrameCodes, form: FlameForm, *, is_kernel: bool, pid: int = 0, namer: FrameNamer | None = None
    ) -> None:
        """`namer` names the addresses of the process `pid`."""
        super().__init__()
        self._codes = codes
        self._form = form
        self._is_kernel = is_kernel
        self._pid = pid
        self._namer = namer
        self._symbols: dict[str, str] = {}
        self._pieces: dict[str, str] = {}
        self._early: dict[tuple[str, int], bool] = {}

    def path(self, text: str) -> str:
        """The frames of a printed stack, innermost first."""
        found, end, pieces = "", len(text), self._pieces
        while end > _PIECE:
            start = text.find("\n", end - _PIECE, end)
            start = start if start >= 0 else text.rfind("\n", 0, end - _PIECE)
            if start <= 0:
                break
            piece = text[start:end]
            known = pieces.get(piece)
            if known is None:
                known = pieces[piece] = self._path(piece)
            found = known + found
            end = start
        return self._path(text[:end]) + found

    def _path(self, text: str) -> str:
        return "".join(map(self.__getitem__, text.split("\n")))

    def __missing__(self, line: str) -> str:
        """Read a line for the first time. Lines that differ only in their offsets are the same function."""
        symbol, plus, offset = line.rpartition("+")
        if self._form.names == "offset" or not plus or not offset.isdecimal():
            found = self._read(line)
        else:
            known = self._symbols.get(symbol)
            found = self._symbols[symbol] = self._read(line) if known is None else known
        self[line] = found
        return found

    def _read(self, line: str) -> str:
        frame = self._frame(line, offsets=self._form.names == "offset")
        if frame is None:
            return ""
        is_nameless = frame.kind == "unknown"
        by_module = self._form.names == "module"
        frame = module_of(frame) if by_module else frame
        merges = by_module or (not self._form.whole and frame.kind == "unknown" and frame.name.startswith("["))
        code = self._codes.code(frame, merges=merges)
        if is_nameless:
            self._codes.nameless.add(ord(code))
        return code

    def _frame(self, line: str, *, offsets: bool) -> Frame | None:
        parsed = parse_frame(line)
        if parsed is None:
            return None
        site, file = parsed
        if self._namer is not None and site.name.startswith("0x"):
            name = self._namer(self._pid, int(site.name, 16))
            site = StackFrame(f"{name} {site.name}" if name and offsets else name or site.name, None)
        frame = frame_of(site, file, is_kernel=self._is_kernel, offsets=offsets)
        return Frame(site.name, "unknown") if frame.name == NO_SYMBOL and self._form.whole else frame

    def ends_early(self, text: str, path: str) -> bool:
        """Whether a stack, given as printed and as its path, ends before the start of its thread."""
        # The frame of a file does not tell which function it is.
        outermost = path[-1] if self._form.names != "module" else _outermost(text)
        about = outermost, min(len(path), 3)
        found = self._early.get(about)
        if found is None:
            frame = self._frame(_outermost(text), offsets=False)
            name = "" if frame is None else "0x0" if frame.name == NO_SYMBOL else frame.text
            found = self._early[about] = ends_early([name] * about[1], depth=4)
        return found


def _outermost(text: str) -> str:
    """The line of the outermost frame of a printed stack."""
    end = len(text)
    while True:
        start = text.rfind("\n", 0, end)
        line = text[start + 1 : end]
        if start < 0 or line.strip() not in ("", "0"):
            return line
        end = start
