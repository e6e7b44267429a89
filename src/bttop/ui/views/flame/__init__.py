"""The view of stacks as a flame graph."""

from bttop.ui.views.flame.view import VIEW

__all__ = ["VIEW"]
