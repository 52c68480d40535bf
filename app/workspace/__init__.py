"""The platform's remote file operations, confined to the work dir (docs/protocol.md 3.6, 4.5)."""
