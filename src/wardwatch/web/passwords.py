"""Words that everybody at a hospital would try first make no password (OWASP ASVS 5.0, 6.1.2 and 6.2.11)."""

import re
import unicodedata

from django.core.exceptions import ValidationError
from django.utils.translation import get_language

from wardwatch.records.queries.people import names_of_organisations

_LIST = """
wardwatch hospital hopital clinic clinique health sante patient care soins password motdepasse welcome bienvenue
admin administrator administrateur winter spring summer autumn hiver printemps automne ete
"""
WORDS = frozenset(_LIST.split())
_SHORTEST = 4  # letters of a name that count
_LEFT = 8  # characters that must remain when such words are taken away


class OwnWords:
    """Refuse passwords in which little is left once the words of the house are taken away.

    The list: `WORDS`, and the names of the organisations here and their parts; letters and digits alone count.
    """

    def validate(self, password: str, user: object = None) -> None:  # noqa: ARG002  (Django's interface)
        """Raise `ValidationError`."""
        plain = _plain(password)
        names = names_of_organisations()
        parts = {_plain(part) for name in names for part in (name, *re.split(r"\W+", name))}
        words = WORDS | {one for one in parts if len(one) >= _SHORTEST}
        for word in sorted(words, key=len, reverse=True):
            plain = plain.replace(word, "")
        if len(plain) < _LEFT:
            raise ValidationError(self.get_help_text(), code="own_words")

    def get_help_text(self) -> str:
        """Say what is wanted, in the language of the page."""
        if (get_language() or "en").startswith("fr"):
            return "Il reste trop peu sans les mots que tout le monde essaierait ici, comme le nom de l’établissement."
        return "Too little is left without words that everybody would try here, such as the hospital's name."


def _plain(text: str) -> str:
    """Letters without accents, and digits, in lower case."""
    ascii_only = unicodedata.normalize("NFKD", text).encode("ascii", "ignore").decode().lower()
    return re.sub(r"[^a-z0-9]", "", ascii_only)
