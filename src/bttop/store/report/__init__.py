"""Reports: a recording as one self-contained HTML page without scripts."""
