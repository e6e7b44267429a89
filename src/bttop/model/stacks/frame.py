"""One frame of a flame graph: name, file and kind."""

from __future__ import annotations

from functools import lru_cache
from typing import Final, Literal

from msgspec import Struct

from bttop.model.format.text import visible_name
from bttop.model.record.stacks import StackFrame
from bttop.model.record.telling_frames import NAMELESS
from bttop.patterns import pattern

FrameKind = Literal["user", "kernel", "jit", "unknown", "label"]
"""`jit`: code that a runtime has compiled; `unknown`: no symbol is known; `label`: no frame, but a heading of frames,
such as a process."""

NO_SYMBOL: Final = "[no symbol]"
NO_POINTERS: Final = "[chain ends: no frame pointers]"
TOO_MANY: Final = "[more distinct frames]"
"""The frame of all frames above the largest number of distinct ones."""
NO_FILE: Final = "[file unknown]"
KERNEL: Final = "kernel"

_WITH_FILE: Final = pattern(r"(.*\S) \[([^\]]*)\]")
_ONLY_FILE: Final = pattern(r"\[([^\]]+)\]")
# Names that runtimes write to their perf maps: V8, CPython, the JVM and .NET.
_JIT_NAME: Final = pattern(
    r"(?:LazyCompile|Function|Script|Builtin|Eval|JS|RegExp|BytecodeHandler|Stub|Handler):.*|py::.*"
    r"|Interpreter|L?[\w$/]+;::.*|.*\[(?:PreJIT|PreStub|Tier0|Tier1|OptimizedTier1|QuickJitted|Optimized)\]"
)
_JIT_FILE: Final = pattern(r"perf-[0-9]+\.map|jitted-.*|//anon|anon.*|memfd:.*")


class Frame(Struct, frozen=True):
    """What one cell of a flame graph is about. Equal frames below the same caller are one cell."""

    name: str
    """The function, a file or a heading; safe to show."""
    kind: FrameKind
    module: str = ""
    """The file of a user function or the module of a kernel function, safe to show; empty if it is not known."""

    @property
    def text(self) -> str:
        """The name with its file."""
        return f"{self.name} [{self.module}]" if self.module and self.module not in self.name else self.name


def label(name: str) -> Frame:
    """A heading of frames."""
    return Frame(name, "label")


def cut_at(depth: int) -> Frame:
    """The heading of stacks that are deeper than what the map keeps."""
    return Frame(f"[cut at {depth} frames]", "unknown")


@lru_cache(maxsize=8192)
def frame_of(site: StackFrame, file: str, *, is_kernel: bool, offsets: bool) -> Frame:
    """The frame of a site in a file as printed (see `parse_frame`). With `offsets`, the name has the offset within the
    function, or is the address. Cached, because a flush has mostly the frames of earlier ones."""
    if site.name.startswith("0x"):
        return Frame(site.name if offsets else NO_SYMBOL, "unknown")
    name, module = _parts(site.name, file)
    if name in NAMELESS or _ONLY_FILE.fullmatch(name):
        return Frame(name, "unknown", module)
    kind: FrameKind = "kernel" if is_kernel else "jit" if _is_jit(name, module) else "user"
    shown = f"{name}+{site.offset}" if offsets and site.offset is not None else name
    return Frame(shown, kind, module)


def module_of(frame: Frame) -> Frame:
    """The frame of all functions of its file or kernel module."""
    if frame.kind == "kernel":
        return Frame(frame.module or KERNEL, "kernel", frame.module or KERNEL)
    if frame.kind == "user":
        return Frame(frame.module or NO_FILE, "user", frame.module)
    if frame.kind == "unknown" and frame.module:
        return Frame(frame.module, "user", frame.module)
    return Frame("[JIT]", "jit") if frame.kind == "jit" else frame


def _parts(name: str, file: str) -> tuple[str, str]:
    """The name without its file, and the file without its folder."""
    in_file = _WITH_FILE.fullmatch(name)
    if in_file:
        return visible_name(in_file[1]), visible_name(in_file[2])
    if (alone := _ONLY_FILE.fullmatch(name)) is not None and name not in NAMELESS:
        return visible_name(name), visible_name(alone[1])
    module = file.strip("[]") if file.startswith("[") else file.rpartition("/")[2]
    return visible_name(name), "" if module == "unknown" else visible_name(module)


def _is_jit(name: str, module: str) -> bool:
    return _JIT_NAME.fullmatch(name) is not None or _JIT_FILE.fullmatch(module) is not None
