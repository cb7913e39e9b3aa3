"""Every row, where Django looks for them."""

from wardwatch.records.audit import AuditHeadRow, AuditRow
from wardwatch.records.people import (
    GrantRow,
    GroupingRow,
    InvitationRow,
    MandateRow,
    OrganisationRow,
    SiteRow,
    TokenRow,
    UserRow,
)

__all__ = [
    "AuditHeadRow",
    "AuditRow",
    "GrantRow",
    "GroupingRow",
    "InvitationRow",
    "MandateRow",
    "OrganisationRow",
    "SiteRow",
    "TokenRow",
    "UserRow",
]
