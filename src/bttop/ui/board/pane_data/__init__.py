"""What a pane shows, read from its history: flushes, spans, courses and costs. No widget."""
