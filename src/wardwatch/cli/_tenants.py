"""Which hospitals' events a verb is about."""

from collections.abc import Sequence

from wardwatch.kernel.errors import InputError
from wardwatch.runtime.settings import home


def kept(stated: Sequence[str]) -> tuple[str, ...]:
    """Return the hospitals that are named, or all that have events here; raises `InputError` for an unknown one."""
    from wardwatch.pipeline.lake import Lake  # noqa: PLC0415

    there = Lake(home() / "lake").tenants()
    for tenant in stated:
        if tenant not in there:
            hint = f"one of: {', '.join(there) or 'none is kept here yet'}"
            raise InputError(f"no events of {tenant!r} are kept here", where="--tenant", hint=hint)
    return tuple(stated) or there
