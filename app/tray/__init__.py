"""Who watches, on the main thread."""
