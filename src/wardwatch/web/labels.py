"""The words for the values that pages show: states, kinds, sizes … in both languages. Tables only.

A page says `{% word "house" organisation.kind %}`; the names of the tables are the keys of `WORDS`.
"""

from collections.abc import Mapping

from wardwatch.kernel.bilingual import Text
from wardwatch.kernel.severity import Level
from wardwatch.reports import nis2_file
from wardwatch.usecases.roles import NAMES

STATES = {
    "normal": Text("Normal", "Normal"),
    "degraded": Text("Degraded", "Dégradé"),
    "down": Text("Down", "À l’arrêt"),
    "unknown": Text("Unknown", "Inconnu"),
}
LEVELS = {
    Level.INFORMATIONAL: Text("For information", "Pour information"),
    Level.LOW: Text("Low", "Faible"),
    Level.MEDIUM: Text("Medium", "Moyenne"),
    Level.HIGH: Text("High", "Élevée"),
    Level.CRITICAL: Text("Critical", "Critique"),
}
KINDS = {
    "evidence": Text("Evidence", "Élément"),
    "decision": Text("Decision", "Décision"),
    "action": Text("Action", "Action"),
    "message": Text("Message", "Message"),
    "care_effect": Text("Care effect", "Effet sur les soins"),
}
TIES = {
    "host": Text("computer", "ordinateur"),
    "user": Text("account", "compte"),
    "ip": Text("address", "adresse"),
    "hash": Text("file", "fichier"),
    "domain": Text("domain", "domaine"),
    "rule": Text("rule", "règle"),
    "correlation": Text("correlation", "corrélation"),
    "progression": Text("steps of one attack", "étapes d’une même attaque"),
}
PARTS = {
    "severity": Text("Severity of the rule", "Gravité de la règle"),
    "rarity": Text("How rare it is here", "Rareté dans l’établissement"),
    "progression": Text("Steps of an attack", "Étapes d’une attaque"),
    "care": Text("Care that stands on it", "Soins qui en dépendent"),
}
INCIDENT_STATES = {
    "new": Text("New", "Nouveau"),
    "triage": Text("Being looked at", "En cours d’examen"),
    "confirmed": Text("Confirmed", "Confirmé"),
    "contained": Text("Contained", "Contenu"),
    "recovering": Text("Recovering", "En rétablissement"),
    "closed": Text("Closed", "Clos"),
    "false_alarm": Text("False alarm", "Fausse alerte"),
}
ASSETS = {
    "server": Text("Server", "Serveur"),
    "workstation": Text("Workstation", "Poste de travail"),
    "medical": Text("Medical device", "Dispositif médical"),
    "network": Text("Network device", "Équipement réseau"),
    "building": Text("Building system", "Équipement du bâtiment"),
    "mobile": Text("Mobile device", "Appareil mobile"),
    "other": Text("Something else", "Autre"),
    "unknown": Text("Not yet named", "Non identifié"),
    "automatic": Text("by itself", "automatique"),
    "approval": Text("after approval", "après accord"),
    "never": Text("never", "jamais"),
    "person": Text("written by a person", "saisi par une personne"),
    "imported": Text("imported", "importé"),
    "learned": Text("learned from events", "appris des événements"),
}
RULE_STATES = {
    "active": Text("can fire", "peut se déclencher"),
    "unsupported": Text("cannot run", "ne peut pas tourner"),
    "fields never seen": Text("its fields never arrive", "ses champs n’arrivent pas"),
    "log source never seen": Text("its logs never arrive", "ses journaux n’arrivent pas"),
}
TROUBLES = {
    "wardwatch-source-stopped": Text("has stopped", "s’est tu"),
    "wardwatch-source-slow": Text("sends far less than usual", "envoie bien moins que d’habitude"),
    "wardwatch-source-not-understood": Text("is not understood", "n’est pas compris"),
    "wardwatch-source-fields-gone": Text("lacks fields that it had", "a perdu des champs"),
    "wardwatch-clock-wrong": Text("has a wrong clock", "a une horloge fausse"),
}
FACETS = {
    "host": Text("Computers", "Ordinateurs"),
    "user": Text("Accounts", "Comptes"),
    "source": Text("Formats", "Formats"),
}
HOUSES = {
    "hospital": Text("Hospital", "Hôpital"),
    "laboratory": Text("Laboratory", "Laboratoire"),
    "provider": Text("Security provider", "Prestataire de sécurité"),
    "authority": Text("Authority", "Autorité"),
    "regional": Text("Regional", "Régional"),
    "national": Text("National", "National"),
    "professional": Text("Professional", "Professionnel"),
    "cross-border": Text("Cross-border", "Transfrontalier"),
    "small": Text("Small", "Petit"),
    "medium": Text("Medium", "Moyen"),
    "large": Text("Large", "Grand"),
}
CHANNELS = {
    "mail": Text("mail", "courriel"),
    "sms": Text("text message", "SMS"),
    "webhook": Text("webhook", "webhook"),
}
CUSTODY = {
    "read": Text("read it", "l’a lue"),
    "copied": Text("took a copy", "en a pris une copie"),
    "handed_over": Text("handed it over", "l’a remise"),
    "returned": Text("gave it back", "l’a rendue"),
    "taken_in": Text("took it in", "l’a versée au dossier"),
}
CONSENTS = {
    "named": Text("By name with the coordinator", "Nommément avec le coordinateur"),
    "counted": Text("Counted without a name", "Compté sans nom"),
    "none": Text("Nothing", "Rien"),
    "open": Text("not said yet", "pas encore dit"),
}
DIMENSIONS = {
    "country": Text("Member State", "État membre"),
    "size": Text("Size", "Taille"),
    "kind": Text("Kind", "Type"),
}
COUNTRIES = {
    "AT": Text("Austria", "Autriche"),
    "BE": Text("Belgium", "Belgique"),
    "BG": Text("Bulgaria", "Bulgarie"),
    "CY": Text("Cyprus", "Chypre"),
    "CZ": Text("Czechia", "Tchéquie"),
    "DE": Text("Germany", "Allemagne"),
    "DK": Text("Denmark", "Danemark"),
    "EE": Text("Estonia", "Estonie"),
    "ES": Text("Spain", "Espagne"),
    "FI": Text("Finland", "Finlande"),
    "FR": Text("France", "France"),
    "GR": Text("Greece", "Grèce"),
    "HR": Text("Croatia", "Croatie"),
    "HU": Text("Hungary", "Hongrie"),
    "IE": Text("Ireland", "Irlande"),
    "IT": Text("Italy", "Italie"),
    "LT": Text("Lithuania", "Lituanie"),
    "LU": Text("Luxembourg", "Luxembourg"),
    "LV": Text("Latvia", "Lettonie"),
    "MT": Text("Malta", "Malte"),
    "NL": Text("Netherlands", "Pays-Bas"),
    "PL": Text("Poland", "Pologne"),
    "PT": Text("Portugal", "Portugal"),
    "RO": Text("Romania", "Roumanie"),
    "SE": Text("Sweden", "Suède"),
    "SI": Text("Slovenia", "Slovénie"),
    "SK": Text("Slovakia", "Slovaquie"),
}
ENTITY = {
    "essential": Text("essential entity", "entité essentielle"),
    "important": Text("important entity", "entité importante"),
    "outside": Text("outside of NIS 2", "hors de NIS 2"),
    "unknown": Text("not decided yet", "pas encore décidé"),
    **nis2_file.FACTS,
    **nis2_file.FIELDS,
}
INVENTORY = {
    "kind": Text("Kind", "Type"),
    "domain": Text("Domain", "Domaine"),
    "size": Text("Size", "Taille"),
    "pillar": Text("Pillar", "Pilier"),
    "technology": Text("Technology", "Technologie"),
    "service": Text("Service", "Service"),
    "tool": Text("Tool", "Outil"),
    "people": Text("People and skills", "Personnes et compétences"),
    "training": Text("Training", "Formation"),
    "in_house": Text("by your own people", "par vos équipes"),
    "open_source": Text("open source", "logiciel libre"),
    "commercial": Text("bought", "acheté"),
    "public": Text("from public bodies", "par des organismes publics"),
}
WORDS: Mapping[str, Mapping[str, Text]] = {
    "state": STATES,
    "kind": KINDS,
    "tie": TIES,
    "part": PARTS,
    "incident_state": INCIDENT_STATES,
    "asset": ASSETS,
    "rule_state": RULE_STATES,
    "trouble": TROUBLES,
    "facet": FACETS,
    "house": HOUSES,
    "channel": CHANNELS,
    "custody": CUSTODY,
    "consent": CONSENTS,
    "dimension": DIMENSIONS,
    "country": COUNTRIES,
    "entity": ENTITY,
    "inventory": INVENTORY,
    "role": NAMES,
}
