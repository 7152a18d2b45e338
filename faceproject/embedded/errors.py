"""What stops an embedded service from running, in one sentence."""


class ServiceError(Exception):
    """An embedded service cannot be had. The message is for the person at the terminal."""
