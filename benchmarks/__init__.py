"""Measures the cost and the exactness of bttop. Each figure is printed beside a peer of the same run.

`python -m benchmarks [NAME...]` runs the benchmarks; they do not pass or fail.
"""
