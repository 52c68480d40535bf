"""What the platform answers its users when it cannot do what they asked."""

from http import HTTPStatus


class RefusedError(Exception):
    """A call that the platform answers with an HTTP error."""

    status = HTTPStatus.INTERNAL_SERVER_ERROR


class UnreachableError(RefusedError):
    """No agent is registered, or the frame could not be handed over: 503 (7.1)."""

    status = HTTPStatus.SERVICE_UNAVAILABLE


class NoAnswerError(RefusedError):
    """The agent has not answered in time: 504 (3.6)."""

    status = HTTPStatus.GATEWAY_TIMEOUT


class AgentFailedError(RefusedError):
    """The agent answered that it failed: 500, with its words (4.5)."""

    def __init__(self, why: str) -> None:
        super().__init__(f"Agent处理失败: {why}")
