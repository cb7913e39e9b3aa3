"""A tenant is one hospital: an immutable slug, which also names its folders (docs/reference/formats.md)."""

import re

from wardwatch.kernel.errors import InputError

_SLUG = re.compile(r"[a-z0-9-]{1,64}")


def checked(slug: str) -> str:
    """Return `slug`; raises `InputError` for what is no tenant's name, so that no name leads out of a folder."""
    if not _SLUG.fullmatch(slug):
        hint = "a tenant is a slug: lower-case letters, digits and hyphens, at most 64"
        raise InputError("not the name of a tenant", where=repr(slug[:80]), hint=hint)
    return slug
