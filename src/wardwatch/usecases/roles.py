"""Roles, what each may do, and where each begins its day. Values only.

A role is held in an organisation; what it may do, it may do there and nowhere else.
"""

from collections.abc import Mapping
from enum import StrEnum

from wardwatch.kernel.bilingual import Text


class Permission(StrEnum):
    """One thing that a person may do in an organisation."""

    SEE_WALL = "wall:see"  # the state of services, counts; no personal data
    SEE_BOARD = "board:see"  # the continuity board of a hospital
    STATE_CARE = "care:state"  # say what an attack does to care
    SEE_ALERTS = "alerts:see"
    TRIAGE = "alerts:triage"
    SEE_INCIDENTS = "incidents:see"
    WORK_INCIDENTS = "incidents:work"
    MOVE_INCIDENTS = "incidents:move"
    HUNT = "events:search"
    SEE_DETECTIONS = "detections:see"
    TUNE = "detections:tune"
    SEE_SENSORS = "sensors:see"
    MANAGE_SENSORS = "sensors:manage"
    SEE_ESTATE = "estate:see"
    EDIT_ESTATE = "estate:edit"
    SEE_PEOPLE = "people:see"
    MANAGE_PEOPLE = "people:manage"
    GIVE_MANDATES = "mandates:give"
    MANAGE_HOOKS = "webhooks:manage"
    SEE_AUDIT = "audit:see"
    SEE_ASSESSMENT = "assessment:see"
    ANSWER = "assessment:answer"
    SIGN = "assessment:sign"
    SEE_NEEDS = "needs:see"
    RUN_CAMPAIGNS = "needs:campaign"
    ADMINISTER = "console:administer"  # organisations, groupings, the demo


P = Permission
_SEE = frozenset(
    {P.SEE_WALL, P.SEE_BOARD, P.SEE_ALERTS, P.SEE_INCIDENTS, P.SEE_DETECTIONS, P.SEE_SENSORS, P.SEE_ESTATE}
)

ROLES: Mapping[str, frozenset[Permission]] = {
    "analyst": _SEE | {P.TRIAGE, P.WORK_INCIDENTS, P.MOVE_INCIDENTS, P.HUNT, P.TUNE},
    "ciso": frozenset(P) - {P.ADMINISTER, P.RUN_CAMPAIGNS},
    "admin_on_call": _SEE
    | {P.TRIAGE, P.WORK_INCIDENTS, P.HUNT, P.MANAGE_SENSORS, P.EDIT_ESTATE, P.SEE_ASSESSMENT, P.ANSWER},
    "biomedical_engineer": frozenset(
        {P.SEE_WALL, P.SEE_BOARD, P.SEE_ALERTS, P.SEE_INCIDENTS, P.SEE_ESTATE, P.EDIT_ESTATE, P.STATE_CARE, P.ANSWER}
        | {P.SEE_ASSESSMENT}
    ),
    "ward_lead": frozenset({P.SEE_BOARD, P.STATE_CARE}),
    "crisis_director": frozenset(
        {P.SEE_WALL, P.SEE_BOARD, P.SEE_INCIDENTS, P.WORK_INCIDENTS, P.MOVE_INCIDENTS, P.STATE_CARE, P.GIVE_MANDATES}
        | {P.SEE_ASSESSMENT, P.SIGN, P.SEE_PEOPLE}
    ),
    "dpo": frozenset(
        {P.SEE_WALL, P.SEE_INCIDENTS, P.WORK_INCIDENTS, P.SEE_AUDIT, P.SEE_PEOPLE, P.SEE_ASSESSMENT, P.ANSWER}
    ),
    "coordinator": frozenset({P.SEE_WALL, P.SEE_INCIDENTS, P.SEE_NEEDS, P.RUN_CAMPAIGNS, P.SEE_PEOPLE}),
    "trainer": frozenset({P.SEE_WALL, P.SEE_BOARD, P.SEE_PEOPLE}),
    "auditor": _SEE | {P.SEE_AUDIT, P.SEE_PEOPLE, P.SEE_ASSESSMENT},
    "authority_guest": frozenset({P.SEE_WALL, P.SEE_INCIDENTS, P.SEE_NEEDS}),
    "administrator": frozenset(P),
}

# What a security provider may be given by a mandate.
MANDATED = frozenset({"analyst", "ciso", "admin_on_call"})

NAMES: Mapping[str, Text] = {
    "analyst": Text("Analyst", "Analyste"),
    "ciso": Text("CISO", "RSSI"),
    "admin_on_call": Text("IT admin on call", "Informaticien d’astreinte"),
    "biomedical_engineer": Text("Biomedical engineer", "Ingénieur biomédical"),
    "ward_lead": Text("Ward lead", "Cadre de service"),
    "crisis_director": Text("Crisis director", "Directeur de crise"),
    "dpo": Text("Data protection officer", "Délégué à la protection des données"),
    "coordinator": Text("Cluster coordinator", "Coordinateur du groupement"),
    "trainer": Text("Trainer", "Formateur"),
    "auditor": Text("Auditor", "Auditeur"),
    "authority_guest": Text("Guest of an authority", "Invité d’une autorité"),
    "administrator": Text("Administrator of this console", "Administrateur de cette console"),
}

# The screen where a role's day begins; of several roles, the first here decides.
FIRST_PAGES: Mapping[str, str] = {
    "analyst": "alerts",
    "admin_on_call": "mine",
    "ciso": "wall",
    "crisis_director": "incidents",
    "ward_lead": "board",
    "biomedical_engineer": "estate",
    "dpo": "incidents",
    "coordinator": "wall",
    "authority_guest": "wall",
    "auditor": "audit",
    "trainer": "people",
    "administrator": "wall",
}
