"""Incidents: the list, one with its timeline, and what people do with it."""

from wardwatch.usecases.roles import Permission
from wardwatch.web.screen import Act, Screen
from wardwatch.web.screens.incidents import acts, views

_SEE, _WORK = Permission.SEE_INCIDENTS, Permission.WORK_INCIDENTS
SCREENS = (
    Screen("incidents", "incidents", _SEE, views.listed, csv=True),
    Screen("incidents/<str:incident>", "incident", _SEE, views.one),
    Screen("incidents/<str:incident>/report", "incident-report", _SEE, views.report),
    Screen("incidents/<str:incident>/export", "incident-export", _WORK, views.export),
    Screen("incidents/<str:incident>/stix", "incident-stix", _WORK, views.stix),
    Act("incidents/<str:incident>/move", "incident-move", Permission.MOVE_INCIDENTS, acts.move),
    Act("incidents/<str:incident>/own", "incident-own", _WORK, acts.own),
    Act("incidents/<str:incident>/note", "incident-note", _WORK, acts.note),
    Act("incidents/<str:incident>/task", "incident-task", _WORK, acts.task),
    Act("incidents/<str:incident>/tasks/<str:task>/done", "incident-task-done", _WORK, acts.task_done),
    Act("incidents/<str:incident>/care", "incident-care", Permission.STATE_CARE, acts.care),
    Act("incidents/<str:incident>/evidence", "incident-evidence", _WORK, acts.evidence),
    Act("incidents/<str:incident>/evidence/<str:evidence>", "incident-evidence-copy", _WORK, acts.evidence_copy),
    Act("incidents/<str:incident>/undo", "incident-undo", _WORK, acts.undo),
)
