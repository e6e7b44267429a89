"""One program: its generations, candidates, status, pin and interval."""
