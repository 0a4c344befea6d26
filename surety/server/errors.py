"""Why an action was refused. Whatever raises one of these has left the state unchanged."""


class RefusedError(Exception):
    """Something asked for was not done. The message is one sentence for the person who asked."""

    def __init__(self, sentence: str, *, field: str = "") -> None:
        super().__init__(sentence)
        self.sentence, self.field = sentence, field


class InvalidError(RefusedError):
    """What was given is wrong or missing; `field` names it. Mend it and try again."""


class NotAllowedError(RefusedError):
    """This user may not do it. Trying again does not help; somebody else may."""


class ConflictError(RefusedError):
    """The state has moved on, or does not admit it. Look again, then decide."""


class NotFoundError(RefusedError):
    """There is no such thing, or this user may not know of it."""
