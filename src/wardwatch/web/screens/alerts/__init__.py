"""The queue of alerts and one group of them."""

from wardwatch.usecases.roles import Permission
from wardwatch.web.screen import Act, Screen
from wardwatch.web.screens.alerts import acts, views

_T = Permission.TRIAGE
SCREENS = (
    Screen("alerts", "alerts", Permission.SEE_ALERTS, views.queue, csv=True),
    Screen("alerts/newer", "alerts-newer", Permission.SEE_ALERTS, views.newer),
    Screen("alerts/<str:group>", "alert", Permission.SEE_ALERTS, views.one),
    Act("alerts/<str:group>/take", "alert-take", _T, acts.take),
    Act("alerts/<str:group>/release", "alert-release", _T, acts.release),
    Act("alerts/<str:group>/silence", "alert-silence", _T, acts.silence),
    Act("alerts/<str:group>/false-positive", "alert-false-positive", _T, acts.false_positive),
    Act("alerts/<str:group>/settle", "alert-settle", _T, acts.settle),
    Act("alerts/<str:group>/reopen", "alert-reopen", _T, acts.reopen),
    Act("alerts/<str:group>/raise", "alert-raise", _T, acts.raise_incident),
    Act("alerts/<str:group>/merge", "alert-merge", _T, acts.merge),
    Act("alerts/<str:group>/unmerge", "alert-unmerge", _T, acts.unmerge),
    Act("alerts/<str:group>/undo", "alert-undo", _T, acts.undo),
    Act("alerts/<str:group>/note", "alert-note", _T, acts.note),
)
