"""How much care stands on a host, as the estate of a hospital has it."""

from wardwatch.estate.care import UNKNOWN, Care


def care_of(tenant: str, host: str) -> Care:  # noqa: ARG001
    """Return the care that a host serves; unknown where it is not in the estate."""
    return UNKNOWN
