"""The edits that make a script print its maps at each interval and at its end, each event in exactly one flush."""
