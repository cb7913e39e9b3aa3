"""The words of the web page of a scan, in both languages."""

from wardwatch.kernel.bilingual import Text

STRINGS = {
    "title": Text("Scan report", "Rapport d'analyse"),
    "tab": Text("{word}: Scan report", "{word} : Rapport d'analyse"),
    "made": Text("made {at} UTC", "établi le {at} UTC"),
    "utc": Text("All times are UTC", "Toutes les heures sont UTC"),
    "skip": Text("Skip to content", "Aller au contenu"),
    "word.none": Text("Nothing found", "Rien trouvé"),
    "word.blind": Text("Unknown", "Inconnu"),
    "story": Text("What happened on each computer", "Ce qui s'est passé sur chaque ordinateur"),
    "story.went": Text(
        "{host}: from {first} to {last} in {lasted}", "{host} : de « {first} » à « {last} » en {lasted}"
    ),
    "story.once": Text("{host}: {n} tactics at the same moment", "{host} : {n} tactiques au même moment"),
    "story.note": Text("worst first", "le plus grave d'abord"),
    "chart.label": Text(
        "When each computer reached each tactic, drawn",
        "Quand chaque ordinateur a atteint chaque tactique, dessin",
    ),
    "chart.alt": Text(
        "{finding}. The table below holds the same times.",
        "{finding}. Le tableau suivant donne les mêmes heures.",
    ),
    "hosts.caption": Text(
        "Computers with alerts, worst first, with the attack's course",
        "Ordinateurs avec alertes, le plus grave d'abord, avec le déroulement de l'attaque",
    ),
    "computer": Text("Computer", "Ordinateur"),
    "nowhere": Text("no single computer", "sans ordinateur précis"),
    "worst": Text("Worst", "Gravité"),
    "alerts": Text("Alerts", "Alertes"),
    "when": Text("First to last", "Première à dernière"),
    "course": Text("Course", "Déroulement"),
    "course.none": Text("no tactic stated", "aucune tactique indiquée"),
    "more.hosts.one": Text(
        "{n} more computer with alerts is not shown.", "{n} autre ordinateur avec alertes non affiché."
    ),
    "more.hosts.many": Text(
        "{n} more computers with alerts are not shown.", "{n} autres ordinateurs avec alertes non affichés."
    ),
    "first": Text("Do first", "À faire d'abord"),
    "others.one": Text("{n} other", "{n} autre"),
    "others.many": Text("{n} others", "{n} autres"),
    "found": Text("What was found", "Ce qui a été trouvé"),
    "found.note": Text(
        "by computer and rule, worst first; open a row for the proof",
        "par ordinateur et règle, le plus grave d'abord ; ouvrez une ligne pour les preuves",
    ),
    "alerts.one": Text("{n} alert", "{n} alerte"),
    "alerts.many": Text("{n} alerts", "{n} alertes"),
    "do": Text("What to do", "Que faire"),
    "harmless": Text("Harmless if", "Sans gravité si"),
    "tactics": Text("Tactics", "Tactiques"),
    "techniques": Text("ATT&CK", "ATT&CK"),
    "users": Text("Accounts", "Comptes"),
    "rule": Text("Rule", "Règle"),
    "samples.all": Text("Events", "Événements"),
    "samples.some.one": Text("First of {all} alerts", "Première alerte sur {all}"),
    "samples.some.many": Text("First {n} of {all} alerts", "{n} premières alertes sur {all}"),
    "more.groups.one": Text(
        "{n} more row is not shown here; the JSON Lines and CSV exports have it.",
        "{n} autre ligne n'est pas affichée ici ; les exports JSON Lines et CSV la contiennent.",
    ),
    "more.groups.many": Text(
        "{n} more rows are not shown here; the JSON Lines and CSV exports have them.",
        "{n} autres lignes ne sont pas affichées ici ; les exports JSON Lines et CSV les contiennent.",
    ),
    "beyond.one": Text(
        "{n} alert was counted but not kept for this report; the JSON Lines and CSV exports have it.",
        "{n} alerte comptée mais non conservée pour ce rapport ; les exports JSON Lines et CSV la contiennent.",
    ),
    "beyond.many": Text(
        "{n} alerts were counted but not kept for this report; the JSON Lines and CSV exports have them.",
        "{n} alertes comptées mais non conservées pour ce rapport ; les exports JSON Lines et CSV les contiennent.",
    ),
    "unread": Text("What was not understood", "Ce qui n'a pas été compris"),
    "unread.note": Text("an attack may hide there", "une attaque peut s'y cacher"),
    "unread.fact.one": Text("{n} thing not understood", "{n} élément non compris"),
    "unread.fact.many": Text("{n} things not understood", "{n} éléments non compris"),
    "places.one": Text("First: {places}", "Premier : {places}"),
    "places.many": Text("First: {places}", "Premiers : {places}"),
    "rest.one": Text("Show {n} more row", "Afficher {n} autre ligne"),
    "rest.many": Text("Show {n} more rows", "Afficher {n} autres lignes"),
    "word.interrupted": Text("Interrupted", "Interrompu"),
    "off.fact.one": Text("{n} rule does not run", "{n} règle ne fonctionne pas"),
    "off.fact.many": Text("{n} rules do not run", "{n} règles ne fonctionnent pas"),
    "unknown": Text("Files of unknown format", "Fichiers de format inconnu"),
    "unopened": Text("Files that were not opened", "Fichiers non ouverts"),
    "copies": Text("Copies of files already read, left out", "Copies de fichiers déjà lus, écartées"),
    "reasons": Text("For other reasons", "Pour d'autres raisons"),
    "coverage": Text("What was read", "Ce qui a été lu"),
    "coverage.caption": Text("Events by source", "Événements par source"),
    "coverage.text": Text(
        "{files}, {size}, checked with {rules}. {computers}.",
        "{files}, {size}, contrôlés avec {rules}. {computers}.",
    ),
    "source": Text("Source", "Source"),
    "others.sources": Text("other sources", "autres sources"),
    "events": Text("Events", "Événements"),
    "all": Text("All", "Total"),
    "events.one": Text("{n} event read", "{n} événement lu"),
    "events.many": Text("{n} events read", "{n} événements lus"),
    "episode.one": Text("{n} event", "{n} événement"),
    "episode.many": Text("{n} events together", "{n} événements ensemble"),
    "files.one": Text("{n} file", "{n} fichier"),
    "files.many": Text("{n} files", "{n} fichiers"),
    "rules.one": Text("{n} rule", "{n} règle"),
    "rules.many": Text("{n} rules", "{n} règles"),
    "method": Text("How to read this", "Comment lire ce rapport"),
    "method.1": Text(
        "A rule describes traces that an attack leaves. An alert says that such traces are there, not "
        "that an attack succeeded: "
        "compare each with its harmless explanations before you act on it alone.",
        "Une règle décrit des traces laissées par une attaque. Une alerte dit que ces traces sont "
        "présentes, non que l'attaque a réussi : "
        "comparez-la à ses explications sans gravité avant d'agir sur elle seule.",
    ),
    "method.2": Text(
        "No alert means that no rule matched what was read. What was not read, not logged or not "
        "described by a rule stays unseen.",
        "L'absence d'alerte signifie qu'aucune règle ne correspond à ce qui a été lu. Ce qui n'a pas été "
        "lu, journalisé ou décrit par une règle reste invisible.",
    ),
    "method.3": Text(
        "Times are those of the events, in UTC. The course lists ATT&CK tactics by the first alert that names each.",
        "Les heures sont celles des événements, en UTC. Le déroulement liste les tactiques ATT&CK selon "
        "la première alerte qui nomme chacune.",
    ),
}
