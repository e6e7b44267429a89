"""Trees of stacks: what flame graphs and exports of stacks are made from."""
