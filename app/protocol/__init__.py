"""What is said: messages, codec, session and backoff; pure, without I/O, threads or clocks."""
