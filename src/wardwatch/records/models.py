"""Every row, where Django looks for them."""

from wardwatch.records.audit import AuditHeadRow, AuditRow
from wardwatch.records.cases import (
    AlertRow,
    CaseRow,
    EntryRow,
    GroupRow,
    HandledRow,
    IncidentRow,
    LinkRow,
    NoticeRow,
    ProposalRow,
    SeenRow,
    TimerRow,
)
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
    "AlertRow",
    "AuditHeadRow",
    "AuditRow",
    "CaseRow",
    "EntryRow",
    "GrantRow",
    "GroupRow",
    "GroupingRow",
    "HandledRow",
    "IncidentRow",
    "InvitationRow",
    "LinkRow",
    "MandateRow",
    "NoticeRow",
    "OrganisationRow",
    "ProposalRow",
    "SeenRow",
    "SiteRow",
    "TimerRow",
    "TokenRow",
    "UserRow",
]
