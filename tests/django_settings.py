"""Django's settings as a module, for tools that want one (mypy's plug-in)."""

import tempfile
from pathlib import Path

from wardwatch.records.configuration import Configuration, django_settings

globals().update(django_settings(Configuration(home=Path(tempfile.gettempdir()) / "wardwatch-types")))
