"""Where a hospital stands: one question per page, cards for experts, check, result, comparison, signature."""

from wardwatch.usecases.roles import Permission
from wardwatch.web.screen import Act, Screen
from wardwatch.web.screens.assessment import acts, results, views

_SEE, _ANSWER = Permission.SEE_ASSESSMENT, Permission.ANSWER
_ONE = "assessment/<str:assessment>"
SCREENS = (
    Screen("assessment", "assessment", _SEE, views.listed, csv=True),
    Act("assessment/begin", "assessment-begin", _ANSWER, acts.begin),
    Screen(_ONE, "assessment-tasks", _SEE, views.tasks),
    Screen(f"{_ONE}/ask/<str:question>", "assessment-ask", _SEE, views.ask),
    Screen(f"{_ONE}/cards/<str:domain>", "assessment-cards", _ANSWER, views.cards),
    Screen(f"{_ONE}/check", "assessment-check", _SEE, views.check, csv=True),
    Screen(f"{_ONE}/result", "assessment-result", _SEE, results.result, csv=True),
    Screen(f"{_ONE}/compare/<str:earlier>", "assessment-compare", _SEE, results.compare, csv=True),
    Screen(f"{_ONE}/sign", "assessment-sign", _SEE, results.sign),
    Screen(f"{_ONE}/export/<str:form>", "assessment-export", _SEE, views.export),
    Act(f"{_ONE}/take", "assessment-take", _ANSWER, acts.take),
    Act(f"{_ONE}/answer/<str:question>", "assessment-answer", _ANSWER, acts.answer),
    Act(f"{_ONE}/delegate/<str:question>", "assessment-delegate", _ANSWER, acts.delegate),
    Act(f"{_ONE}/file/<str:question>", "assessment-file", _ANSWER, acts.attach),
    Act(f"{_ONE}/kept/<str:file>", "assessment-kept", _SEE, acts.kept),
    Act(f"{_ONE}/deepen", "assessment-deepen", _ANSWER, acts.deepen),
    Act(f"{_ONE}/signed", "assessment-signed", Permission.SIGN, acts.sign),
)
