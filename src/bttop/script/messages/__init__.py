"""What bpftrace says about a script: errors, missing attach points, and features that a release lacks."""
