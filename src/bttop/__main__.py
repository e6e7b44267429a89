"""`python -m bttop`."""

import sys

if not sys.flags.safe_path:
    # `-m` looks for modules in the current folder first; bttop is found already, and nothing else of it may lie there.
    sys.path.pop(0)

from bttop.cli import main

sys.exit(main())
