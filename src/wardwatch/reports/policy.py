"""A policy to begin with, as a document that a hospital goes on writing in."""

from collections.abc import Mapping
from datetime import date

from wardwatch.assessment.policies import Policy, fill
from wardwatch.kernel.bilingual import Text
from wardwatch.reports.parts.document import Block, Document, Heading, Paragraph, Table

_SERVES = Text(
    "A template to begin with, for NIS 2, Art. 21(2){letters}. Change it until it is true here, then let the management"
    " body approve it.",
    "Un modèle pour commencer, au titre de NIS 2, art. 21(2){letters}. Modifiez-le jusqu’à ce qu’il soit vrai ici, puis"
    " faites-le approuver par l’organe de direction.",
)
_LIFE = (
    (Text("Version", "Version"), "0.1"),
    (Text("Approved by, on", "Approuvée par, le"), "◇"),
    (Text("To be looked at again by", "À revoir avant le"), "◇"),
)


def document(policy: Policy, known: Mapping[str, str], language: str, today: date) -> Document:
    """The policy of a house; `known`: what fills its blanks."""
    letters = "".join(f"({letter})" for letter in policy.letters)
    blocks: list[Block] = []
    for part in policy.parts:
        blocks.append(Heading(part.head.in_(language)))
        blocks.append(Paragraph(fill(part.text.in_(language), known, language)))
    rows = [(name.in_(language), value) for name, value in _LIFE]
    rows.append((Text("Made on", "Établie le").in_(language), today.isoformat()))
    life = Text("Life of this document", "Vie de ce document").in_(language)
    blocks += [Heading(life), Table(life, [Text("What", "Quoi").in_(language), "◇"], rows)]
    return Document(
        title=f"{policy.name.in_(language)}: {fill('{hospital}', known, language)}",
        answer=_SERVES.in_(language).format(letters=letters),
        language=language,
        blocks=blocks,
    )
