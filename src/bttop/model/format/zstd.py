"""The zstd module: in the standard library from Python 3.14 on, before it from PyPI. It takes 7 ms to import."""

import sys

if sys.version_info >= (3, 14):
    from compression import zstd as zstd
else:
    from backports import zstd as zstd
