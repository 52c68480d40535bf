"""Reading what test tools write: one module per format, each with one function `read`."""
