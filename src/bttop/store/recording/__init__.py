"""Recording a snapshot: the look-back buffer in memory, the file's name, and the writer."""
