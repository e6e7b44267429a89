"""Facts about this host: kernel, cgroups, mounts and processes."""
