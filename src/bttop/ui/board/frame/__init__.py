"""The parts of what a pane and the bars draw: the rule, costs, pins, notices. Pure."""
