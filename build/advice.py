"""What to do about a tool that failed, by its last words; no foreign imports: build.py uses it."""

import re

# What a failed tool's last words mean for the person in front of it; the first match counts.
ADVICE = {
    "ensurepip is not available|No module named '?(venv|ensurepip)": "This Python lacks its venv"
    " module. On Debian or Ubuntu: sudo apt install python3-venv",
    "CERTIFICATE_VERIFY_FAILED|invalid peer certificate|UnknownIssuer": "The package server's"
    " certificate is not trusted: set SSL_CERT_FILE to the CA file of your company's proxy.",
    "No space left|os error 28|Errno 28|not enough space": "The disk is full: free about 700 MB.",
    "needs to be updated": "uv.lock does not fit pyproject.toml: run `python build.py lock`.",
    "name resolution|getaddrinfo|dns error|NewConnection|timed out|error sending request|Max retrie"
    "|Failed to fetch|No matching dist|Network is": "The package server cannot be reached: check"
    " the network. Behind a proxy set HTTPS_PROXY; for a mirror PIP_INDEX_URL, with `setup --pip`.",
    "Permission ?[Dd]enied|PermissionError|Access is denied|WinError (5|32)": "A file cannot be"
    " written: end what runs from .venv and check who owns the folder.",
    "": "Run the same command again; if uv is the trouble: python build.py setup --pip",
}


def advice(words: str) -> str:
    """What a person can do about a tool that failed with these words."""
    return next(sentence for sign, sentence in ADVICE.items() if re.search(sign, words))
