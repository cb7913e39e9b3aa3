"""Tell people: what the watch wants told leaves by mail, SMS and webhook, and is tried again until it does."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db.models import Q

from wardwatch.catalogue.words import sentence
from wardwatch.delivery import mail, sms, webhook
from wardwatch.delivery.mail import DeliveryError, Server
from wardwatch.kernel import stamps
from wardwatch.records.models import HookRow, NoticeRow, UserRow

AT_ONCE = 50
MOST_TRIES = 12  # over about a day
FIRST_PAUSE = timedelta(seconds=30)
_LONGEST_PAUSE = timedelta(hours=4)
_PAGES = {"incident": "incidents", "campaign": "needs"}  # where a notice's subject is shown


@dataclass(frozen=True, slots=True)
class Ways:
    """How messages may leave; what is not configured stays on the screen, and says so."""

    mail: Server | None = None
    sms_url: str = ""
    sms_token: str = ""
    address: str = ""  # of the console, for links


class _NoWayError(DeliveryError):
    """There is no way to send: it is not tried again."""


@dataclass(slots=True)
class Sender:
    """Sends what waits; one at a time."""

    ways: Ways

    def send(self, now: datetime) -> int:
        """Send what is due; returns how many left."""
        moment = stamps.micros(now)
        due = NoticeRow.objects.filter(Q(told_at__isnull=True) & Q(next_at__lte=moment) & Q(tries__lt=MOST_TRIES))
        told = 0
        for row in due.order_by("-urgent", "made_at")[:AT_ONCE]:
            told += self._one(row, now)
        return told

    def _one(self, row: NoticeRow, now: datetime) -> int:
        try:
            match row.channel:
                case "mail":
                    self._mail(row)
                case "sms":
                    self._sms(row)
                case "webhook":
                    self._hooks(row, now)
            row.told_at, row.trouble = stamps.micros(now), ""
        except _NoWayError as error:
            row.tries, row.trouble = MOST_TRIES, error.what[:300]
        except DeliveryError as error:
            row.tries += 1
            pause = min(FIRST_PAUSE * 2**row.tries, _LONGEST_PAUSE)
            row.next_at, row.trouble = stamps.micros(now + pause), error.what[:300]
        row.save(update_fields=["told_at", "tries", "next_at", "trouble"])
        return int(row.told_at is not None)

    def _text(self, row: NoticeRow, language: str) -> str:
        said = sentence(row.text, row.params, language)
        kind = _PAGES.get(row.text.partition(".")[0], "alerts")
        link = f"\n\n{self.ways.address}/{kind}/{row.subject}" if self.ways.address and row.subject else ""
        return said + link

    @staticmethod
    def _person(row: NoticeRow) -> UserRow:
        found = UserRow.objects.filter(id=row.who, is_active=True).first() if len(row.who) == 36 else None  # noqa: PLR2004
        if found is None:
            raise _NoWayError("no such account")
        return found

    def _mail(self, row: NoticeRow) -> None:
        if self.ways.mail is None:
            raise _NoWayError("no mail server is set")
        person = self._person(row)
        said = self._text(row, person.language)
        mail.send(self.ways.mail, person.email, said.partition("\n")[0], said)

    def _sms(self, row: NoticeRow) -> None:
        if not self.ways.sms_url:
            raise _NoWayError("no SMS gateway is set")
        person = self._person(row)
        if not person.phone:
            raise _NoWayError("the account has no telephone number")
        sms.send(self.ways.sms_url, self.ways.sms_token, person.phone, sentence(row.text, row.params, person.language))

    def _hooks(self, row: NoticeRow, now: datetime) -> None:
        hooks = list(HookRow.objects.filter(tenant=row.tenant))
        if not hooks:
            raise _NoWayError("the hospital has no webhook")
        for hook in hooks:
            webhook.send(hook.url, hook.secret, document(row), int(now.timestamp()))


def document(row: NoticeRow) -> dict[str, object]:
    """What a webhook is told: keys and parameters, so that a program need not read sentences."""
    return {
        "format": "wardwatch/notice/1",
        "id": row.id,
        "tenant": row.tenant,
        "text": row.text,
        "params": row.params,
        "says": sentence(row.text, row.params, "en"),
        "subject": row.subject,
        "urgent": row.urgent,
        "made_at": stamps.iso_text(row.made_at),
    }
