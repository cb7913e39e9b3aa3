"""One rule explained: both languages, within 78 columns."""

from dataclasses import replace

from tests.reports import telling

from wardwatch.kernel.bilingual import Text
from wardwatch.reports import rule_text

FRENCH = """\
Mémoire de LSASS lue
niveau : élevée · observe : */*/* · fichier : dump.yml

Cette règle ne fonctionne pas : la liste vendors n’est pas tenue ici

Ce que cela signifie
  Des mots de passe sont volés.

Ce que cela peut être d’autre
  - Un agent de sauvegarde

Que faire
  Isolez l’ordinateur et changez les mots de passe des comptes utilisés
  dessus, administrateurs d’abord.

ATT&CK
  T1003.001 OS Credential Dumping: LSASS Memory"""


def test_a_rule_in_french_has_no_english_of_ours():
    rule = replace(telling.RULES["r-dump"], reason="the list vendors is not kept here")
    shown = rule_text.write(rule, "fr")
    assert shown.replace("\u00a0", " ") == FRENCH
    assert "niveau\u00a0: élevée" in shown


def test_lines_are_wrapped_and_hostile_texts_harmless():
    rule = replace(
        telling.RULES["r-dump"], explanation=Text("word " * 60), references=("\x1b[31m",), fields=("Image",) * 30
    )
    lines = rule_text.write(rule).split("\n")
    assert [line for line in lines if len(line) > 78 or "\x1b" in line] == []
    assert (
        rule_text.write(telling.RULES["r-foreign"]).split("\n")[1]
        == "level: medium · looks at: */*/* · file: foreign.yml"
    )
