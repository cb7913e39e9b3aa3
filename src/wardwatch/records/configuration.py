"""What Django is told, from the few things that a hospital decides. No import of Django: values only."""

import secrets
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import unquote, urlsplit

from wardwatch.kernel.disk import Disk, atomic_write
from wardwatch.kernel.errors import ContentError, InputError

_SCREENS = Path(__file__).resolve().parent.parent / "web"
_YEAR = 365 * 86_400


@dataclass(frozen=True, slots=True)
class SingleSignOn:
    """An OpenID Connect provider (OpenID Connect Discovery 1.0): where it is and how we are known there."""

    name: str
    server: str
    client: str
    secret: str


@dataclass(frozen=True, slots=True)
class Configuration:
    """What the console needs to know. `database` empty: SQLite in the home; else `postgresql://user:word@host/name`."""

    home: Path
    database: str = ""
    hosts: tuple[str, ...] = ("127.0.0.1", "localhost", "[::1]")
    https: bool = False
    zone: str = "Europe/Paris"
    session_hours: int = 10
    sign_on: tuple[SingleSignOn, ...] = ()
    proxies: int = 0  # how many reverse proxies stand before the console: so many forwarded addresses are believed
    demo: bool = False
    second_factor: frozenset[str] = frozenset()  # roles that need one


def database(configuration: Configuration) -> dict[str, Any]:
    """Django's description of the database. Raises `ContentError` for an address of another kind."""
    if not configuration.database:
        return {
            "ENGINE": "django.db.backends.sqlite3",
            "NAME": str(configuration.home / "db.sqlite3"),
            # Writers queue up instead of failing midway: each transaction takes the lock when it begins.
            "OPTIONS": {
                "timeout": 20,
                "transaction_mode": "IMMEDIATE",
                "init_command": "PRAGMA journal_mode=WAL; PRAGMA synchronous=FULL; PRAGMA cache_size=-32000;",
            },
        }
    found = urlsplit(configuration.database)
    if found.scheme not in {"postgresql", "postgres"} or not found.path.strip("/"):
        hint = "postgresql://user:password@host:5432/name, or nothing for SQLite"
        raise ContentError("not the address of a database", where="console.database", hint=hint)
    return {
        "ENGINE": "django.db.backends.postgresql",
        "NAME": unquote(found.path.strip("/")),
        "USER": unquote(found.username or ""),
        "PASSWORD": unquote(found.password or ""),
        "HOST": unquote(found.hostname or ""),
        "PORT": str(found.port or ""),
        "CONN_MAX_AGE": 60,
        "CONN_HEALTH_CHECKS": True,
    }


def secret_key(home: Path, disk: Disk) -> str:
    """Return the key that signs sessions: `keys/console.key`, made at the first start, readable by its owner only."""
    path = home / "keys" / "console.key"
    try:
        found = path.read_text(encoding="ascii").strip()
    except FileNotFoundError:
        disk.make_folder(path.parent)
        found = secrets.token_urlsafe(64)
        atomic_write(disk, path, found.encode())
    if len(found) < 50:  # noqa: PLR2004  (Django's own measure of a weak key)
        raise InputError(
            "not a key", where=str(path), hint="remove the file: a new key is made, everyone signs in again"
        )
    return found


def django_settings(configuration: Configuration, disk: Disk | None = None) -> dict[str, Any]:
    """Every setting of Django that differs from its default."""
    return {
        "SECRET_KEY": secret_key(configuration.home, disk or Disk()),
        "DATABASES": {"default": database(configuration)},
        "ALLOWED_HOSTS": list(configuration.hosts),
        "INSTALLED_APPS": [
            "django.contrib.auth",
            "django.contrib.contenttypes",
            "django.contrib.sessions",
            "django_htmx",
            "allauth",
            "allauth.account",
            "allauth.mfa",
            "allauth.socialaccount",
            "allauth.socialaccount.providers.openid_connect",
            "wardwatch.records",
        ],
        "MIDDLEWARE": [
            "django.middleware.security.SecurityMiddleware",
            "wardwatch.web.headers.headers",
            "django.contrib.sessions.middleware.SessionMiddleware",
            "django.middleware.common.CommonMiddleware",
            "django.middleware.csrf.CsrfViewMiddleware",
            "django.contrib.auth.middleware.AuthenticationMiddleware",
            "django_htmx.middleware.HtmxMiddleware",
            "allauth.account.middleware.AccountMiddleware",
            "wardwatch.web.person.person",
            "wardwatch.web.second_factor.second_factor",
        ],
        "ROOT_URLCONF": "wardwatch.web.urls",
        "STATIC_URL": "/static/",
        "USE_TZ": True,
        "TIME_ZONE": "UTC",
        "LANGUAGE_CODE": "en",
        "LANGUAGES": [("en", "English"), ("fr", "Français")],
        "DEFAULT_CHARSET": "utf-8",
        "DATA_UPLOAD_MAX_MEMORY_SIZE": 4 << 20,
        "DATA_UPLOAD_MAX_NUMBER_FIELDS": 2000,
        "FILE_UPLOAD_PERMISSIONS": 0o600,
        "LOGGING_CONFIG": None,
        "TEMPLATES": [_templates()],
        **_sessions(configuration),
        **_accounts(configuration),
    }


def _templates() -> dict[str, Any]:
    return {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "DIRS": [str(_SCREENS / "templates"), str(_SCREENS / "screens")],
        "OPTIONS": {
            "loaders": [
                (
                    "django.template.loaders.cached.Loader",
                    [
                        "django.template.loaders.filesystem.Loader",
                        "django.template.loaders.app_directories.Loader",
                    ],
                )
            ],
            "context_processors": [
                "django.template.context_processors.request",
                "wardwatch.web.person.context",
            ],
            "builtins": ["wardwatch.web.tags"],
        },
    }


def _sessions(configuration: Configuration) -> dict[str, Any]:
    return {
        "SESSION_COOKIE_NAME": "__Host-wardwatch" if configuration.https else "wardwatch",
        "SESSION_COOKIE_AGE": configuration.session_hours * 3600,
        "SESSION_COOKIE_HTTPONLY": True,
        "SESSION_COOKIE_SAMESITE": "Lax",
        "SESSION_COOKIE_SECURE": configuration.https,
        "CSRF_COOKIE_NAME": "__Host-csrf" if configuration.https else "csrf",
        "CSRF_COOKIE_HTTPONLY": True,
        "CSRF_COOKIE_SAMESITE": "Strict",
        "CSRF_COOKIE_SECURE": configuration.https,
        "CSRF_FAILURE_VIEW": "wardwatch.web.failures.csrf",
        "SECURE_HSTS_SECONDS": _YEAR if configuration.https else 0,
        "SECURE_HSTS_INCLUDE_SUBDOMAINS": True,
        "SECURE_REFERRER_POLICY": "same-origin",
        "SECURE_CROSS_ORIGIN_OPENER_POLICY": "same-origin",
        "X_FRAME_OPTIONS": "DENY",
    }


def _accounts(configuration: Configuration) -> dict[str, Any]:
    return {
        "AUTH_USER_MODEL": "records.UserRow",
        "AUTHENTICATION_BACKENDS": ["allauth.account.auth_backends.AuthenticationBackend"],
        "PASSWORD_HASHERS": ["django.contrib.auth.hashers.Argon2PasswordHasher"],
        # NIST SP 800-63B: length and a list of common ones, no rules of composition.
        "AUTH_PASSWORD_VALIDATORS": [
            {
                "NAME": "django.contrib.auth.password_validation.MinimumLengthValidator",
                "OPTIONS": {"min_length": 12},
            },
            {"NAME": "django.contrib.auth.password_validation.CommonPasswordValidator"},
            {"NAME": "django.contrib.auth.password_validation.UserAttributeSimilarityValidator"},
            {"NAME": "wardwatch.web.passwords.OwnWords"},
        ],
        "LOGIN_URL": "/account/login/",
        "LOGIN_REDIRECT_URL": "/",
        "ACCOUNT_ADAPTER": "wardwatch.web.accounts.Adapter",
        "SOCIALACCOUNT_ADAPTER": "wardwatch.web.accounts.SignOnAdapter",
        "ACCOUNT_LOGIN_METHODS": {"email"},
        "ACCOUNT_SIGNUP_FIELDS": ["email*", "password1*"],
        "ACCOUNT_USER_MODEL_USERNAME_FIELD": None,
        "ACCOUNT_USER_MODEL_EMAIL_FIELD": "email",
        "ACCOUNT_EMAIL_VERIFICATION": "none",
        "ACCOUNT_EMAIL_NOTIFICATIONS": False,
        "ACCOUNT_SESSION_REMEMBER": True,
        "ACCOUNT_LOGOUT_ON_GET": False,
        "ACCOUNT_REAUTHENTICATION_TIMEOUT": 900,
        "ACCOUNT_REAUTHENTICATION_REQUIRED": True,
        "ACCOUNT_RATE_LIMITS": {
            "login": "60/m/ip",
            "login_failed": "20/m/ip,5/5m/key",
            "reauthenticate": "10/m/user",
            "change_password": "5/m/user",
        },
        "ALLAUTH_TRUSTED_PROXY_COUNT": configuration.proxies,
        "MFA_SUPPORTED_TYPES": ["totp", "recovery_codes"],
        "MFA_TOTP_ISSUER": "Wardwatch",
        "MFA_TOTP_TOLERANCE": 1,
        "SOCIALACCOUNT_ONLY": False,
        "SOCIALACCOUNT_AUTO_SIGNUP": False,
        "SOCIALACCOUNT_EMAIL_AUTHENTICATION": False,
        "SOCIALACCOUNT_PROVIDERS": {"openid_connect": {"APPS": [_app(one) for one in configuration.sign_on]}},
        "WARDWATCH_HOME": configuration.home,
        "WARDWATCH_ZONE": configuration.zone,
        "WARDWATCH_DEMO": configuration.demo,
        "WARDWATCH_SECOND_FACTOR": configuration.second_factor,
    }


def _app(one: SingleSignOn) -> dict[str, Any]:
    slug = "".join(letter if letter.isalnum() else "-" for letter in one.name.lower())
    return {
        "provider_id": slug,
        "name": one.name,
        "client_id": one.client,
        "secret": one.secret,
        "settings": {"server_url": one.server, "oauth_pkce_enabled": True},
    }
