"""The controls of ISO/IEC 27001:2022, Annex A: their numbers, in words of ours."""

from collections.abc import Mapping
from functools import cache

from wardwatch.catalogue import files, strict
from wardwatch.catalogue.strict import Wrong
from wardwatch.kernel.bilingual import Text

SCHEMA = "wardwatch/annex/1"


@cache
def controls() -> Mapping[str, Text]:
    """Number (`A.5.1`) → what it is about, in the standard's order. Raises `ContentError`."""
    found: dict[str, Text] = {}
    for file in files.find([files.shipped("controls")]):
        for document in files.documents(file):
            try:
                strict.among(document, "schema", (), (SCHEMA,))
                for place, one in enumerate(strict.items(document, "controls", ())):
                    at = ("controls", place)
                    strict.no_more(one, {"id", "en", "fr"}, at)
                    text = Text(strict.word(one, "en", at), strict.word(one, "fr", at))
                    found[strict.word(one, "id", at)] = text
            except Wrong as wrong:
                raise strict.error(file, wrong, "compare it with the file that Wardwatch ships") from None
    return found
