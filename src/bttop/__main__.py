"""`python -m bttop`."""

import sys

from bttop.cli import main

sys.exit(main())
