"""A backend of `keyring` in memory: it behaves as the real ones do."""


class MemoryKeyring:
    """Keeps secrets; deleting what is not there is an error, as with every real backend."""

    def __init__(self) -> None:
        self.secrets: dict[tuple[str, str], str] = {}

    def get_password(self, service: str, username: str) -> str | None:
        return self.secrets.get((service, username))

    def set_password(self, service: str, username: str, password: str) -> None:
        self.secrets[service, username] = password

    def delete_password(self, service: str, username: str) -> None:
        del self.secrets[service, username]
