"""What is typed behind a command: programs, pins, intervals, hosts and files for its output."""
