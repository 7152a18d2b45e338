"""The base of every refusal a person may meet: a stable code and a sentence that helps."""


class Refusal(Exception):
    """Something the system will not do, said so that the person knows what to do next.

    code: stable, for programs. message: one sentence for people; it never holds a secret.
    """

    code = "refused"

    def __init__(self, message: str, *, code: str | None = None) -> None:
        super().__init__(message)
        self.message = message
        if code is not None:
            self.code = code
