"""The snapshot file: its tables, and safe reading of files from untrusted sources."""
