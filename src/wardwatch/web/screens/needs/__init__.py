"""What a group needs: campaigns, the map of needs, one need, a hospital beside the others, what may be released."""

from wardwatch.usecases.roles import Permission
from wardwatch.web.screen import Act, Screen
from wardwatch.web.screens.needs import acts, campaigns, views

_SEE, _RUN, _HOUSE = Permission.SEE_NEEDS, Permission.RUN_CAMPAIGNS, Permission.SEE_ASSESSMENT
_ONE = "needs/<str:campaign>"
_OWN = f"{_ONE}/house/<str:tenant>"
SCREENS = (
    Screen("needs", "needs", _SEE, campaigns.listed, csv=True),
    Act("needs/begin", "needs-begin", _RUN, acts.begin),
    Screen(_ONE, "needs-map", _SEE, views.needs_map, csv=True),
    Screen(f"{_ONE}/export/<str:form>", "needs-export", _SEE, views.export),
    Screen(f"{_ONE}/need/<str:question>", "needs-one", _SEE, views.need, csv=True),
    Screen(f"{_ONE}/who", "needs-who", _RUN, campaigns.who, csv=True),
    Screen(f"{_ONE}/release", "needs-release", _RUN, campaigns.release),
    Screen(_OWN, "needs-house", _HOUSE, views.house, csv=True),
    Act(f"{_ONE}/remind", "needs-remind", _RUN, acts.remind),
    Act(f"{_ONE}/invite", "needs-invite", _RUN, acts.invite),
    Act(f"{_ONE}/close", "needs-close", _RUN, acts.close),
    Act(f"{_ONE}/reopen", "needs-reopen", _RUN, acts.reopen),
    Act(f"{_ONE}/publish", "needs-publish", _RUN, acts.publish),
    Act(f"{_OWN}/consent", "needs-consent", Permission.SIGN, acts.consent),
    Act(f"{_OWN}/begin", "needs-take-part", Permission.ANSWER, acts.take_part),
)
