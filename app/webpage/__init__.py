"""Only importer of websockets' server: loopback only."""
