"""One family of errors. Each says what went wrong, where, and what to do about it."""

from wardwatch.kernel.bilingual import Text


class WardwatchError(Exception):
    """An error that a person reads: `what` happened, `where`, and a `hint` on how to mend it.

    `fr` and `hint_fr` say the same in French, for errors that the console shows; the command line speaks English.
    Printed as three lines by the command line. A bad log line is not an error but a reject
    (`wardwatch.events.record.Reject`): data that is counted and shown.
    """

    def __init__(self, what: str, *, where: str = "", hint: str = "", fr: str = "", hint_fr: str = "") -> None:
        super().__init__(what, where, hint)
        self.what = what
        self.where = where
        self.hint = hint
        self.said = Text(what, fr)
        self.advice = Text(hint, hint_fr)

    def __str__(self) -> str:
        return "\n".join(
            line
            for line in (
                f"error: {self.what}",
                f"where: {self.where}" if self.where else "",
                f"hint: {self.hint}" if self.hint else "",
            )
            if line
        )


class InputError(WardwatchError):
    """An input (file, folder, archive, stream) that cannot be opened or is refused."""


class ContentError(WardwatchError):
    """A content file (rule, list, framework …) that does not keep its schema. `where` is `file:line`."""


class UnsupportedRuleError(WardwatchError):
    """A rule that is valid but cannot be run exactly and in linear time; the reason is shown to the user."""


class NotTakenError(WardwatchError):
    """Frames that cannot be taken now; the sender keeps them and sends them again after `retry_after` seconds.

    `quota` says that the tenant or sensor sent more than its share, so that the others are not concerned.
    """

    def __init__(
        self, what: str, *, where: str = "", hint: str = "", retry_after: int = 5, quota: bool = False
    ) -> None:
        super().__init__(what, where=where, hint=hint)
        self.retry_after = retry_after
        self.quota = quota


class AccessError(WardwatchError):
    """Somebody who is not known, or may not do this."""


class NotDoneError(WardwatchError):
    """An act that was refused; nothing was changed. `reason` is the key of why."""

    def __init__(self, reason: str, *, where: str) -> None:
        super().__init__(f"not done: {reason.replace('_', ' ')}", where=where, hint="nothing was changed")
        self.reason = reason
