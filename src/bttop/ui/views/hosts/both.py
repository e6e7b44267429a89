"""The views that compare hosts, in the order in which a pane has them."""

from __future__ import annotations

from typing import Final

from bttop.ui.views.base import View
from bttop.ui.views.hosts.over_time import OVER_TIME
from bttop.ui.views.hosts.ranking import RANKING

COMPARING: Final[tuple[View, ...]] = (RANKING, OVER_TIME)
