"""What tracing costs this host, and the limits for it."""
