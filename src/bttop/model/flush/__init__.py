"""What a program printed in one interval: from records to flushes, and the caveats of a flush."""
