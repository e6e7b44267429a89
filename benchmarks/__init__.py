"""What bttop costs and how exact it is, each figure beside a peer of the same run.

`python -m benchmarks [NAME...]` runs them; nothing here passes or fails.
"""
