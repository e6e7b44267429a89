"""Names of user frames in a recording without a screen."""

from __future__ import annotations

from bttop.engine.generation.generation import Generation
from bttop.engine.program.observer import Observer
from bttop.engine.program.program import Program
from bttop.engine.session import FrameNames
from bttop.model.flush.by_function import addresses_to_name
from bttop.model.flush.flush import Flush
from bttop.model.stacks.value_stacks import with_stacks_in_keys


class FrameNaming(Observer):
    """Has the user addresses of the largest stacks of each flush looked up, as a pane does."""

    def __init__(self, names: FrameNames) -> None:
        self._names = names

    def flushed(self, program: Program, generation: Generation, flush: Flush) -> None:  # noqa: ARG002
        maps = map(with_stacks_in_keys, flush.maps.values())
        wanted = [address for data in maps for address in addresses_to_name(data)]
        if wanted:
            self._names.want(wanted)
