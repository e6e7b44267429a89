"""Decodes one line of bpftrace, for every release. A bad line is a record too."""
