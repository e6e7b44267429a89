"""`python -m bttop`."""

import sys

if not sys.flags.safe_path:
    # `-m` puts the current folder first in sys.path. bttop is already found; no other module may come from that folder.
    sys.path.pop(0)

from bttop.start import main

sys.exit(main())
