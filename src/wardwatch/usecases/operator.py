"""Who uses the command line: whoever may read the home may do there what the console lets a house do."""

from wardwatch.records.models import OrganisationRow
from wardwatch.usecases.access import Actor
from wardwatch.usecases.roles import Permission


def operator(*permissions: Permission) -> Actor:
    """An actor with some permissions in every organisation; in the audit log it is the command line."""
    everywhere = frozenset(OrganisationRow.objects.values_list("slug", flat=True))
    return Actor("command-line", "Command line", may=dict.fromkeys(permissions, everywhere))
