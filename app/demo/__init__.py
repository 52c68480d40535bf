"""The local platform: speaks the platform's side of docs/protocol.md."""
