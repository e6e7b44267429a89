"""The rows that all table-like views share: order, scrolling, names and changes."""
