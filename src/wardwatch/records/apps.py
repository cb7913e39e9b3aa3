"""The one Django app of ours."""

from django.apps import AppConfig


class RecordsConfig(AppConfig):
    """Everything Wardwatch keeps in its database."""

    name = "wardwatch.records"
    label = "records"
    default_auto_field = "django.db.models.BigAutoField"
