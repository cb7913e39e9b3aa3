"""Every row, where Django looks for them."""

from wardwatch.records.audit import AuditHeadRow, AuditRow
from wardwatch.records.cases import (
    AlertRow,
    CaseRow,
    EntryRow,
    GroupRow,
    HandledRow,
    HookRow,
    IncidentRow,
    LinkRow,
    NoticeRow,
    ProposalRow,
    SearchRow,
    SeenRow,
    TimerRow,
)
from wardwatch.records.estate import AssetRow, EstateRow, ServiceRow
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
    "AssetRow",
    "AuditHeadRow",
    "AuditRow",
    "CaseRow",
    "EntryRow",
    "EstateRow",
    "GrantRow",
    "GroupRow",
    "GroupingRow",
    "HandledRow",
    "HookRow",
    "IncidentRow",
    "InvitationRow",
    "LinkRow",
    "MandateRow",
    "NoticeRow",
    "OrganisationRow",
    "ProposalRow",
    "SearchRow",
    "SeenRow",
    "ServiceRow",
    "SiteRow",
    "TimerRow",
    "TokenRow",
    "UserRow",
]
