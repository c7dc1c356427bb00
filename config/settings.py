"""Django's settings. What an operator may set is read through `Env`; everything else is fixed here, with its reason."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from pathlib import Path
from urllib.parse import urlsplit

import dj_database_url
from cryptography.fernet import Fernet
from csp.constants import NONE, SELF
from django.utils.translation import gettext_lazy as _

from config import broker as _broker
from config import env as _env
from config import logs as _logs

BASE_DIR = Path(__file__).resolve().parent.parent
SITEMEND_VERSION = "1.0"


def _checked_keys(name: str, text: str) -> tuple[str, ...]:
    """One Fernet key or several separated by commas, the newest first."""
    keys = tuple(part.strip() for part in text.split(",") if part.strip())
    for key in keys:
        try:
            Fernet(key)
        except ValueError:
            raise _env.SettingRefused(name, "is not a Fernet key (32 bytes, base64)") from None
    return keys


def _credentials_keys(given: str, file: Path) -> Sequence[str]:
    """The keys from the environment, else those kept in the state folder, made on the first start."""
    name = "SITEMEND_CREDENTIALS_KEY"
    if given:
        return _checked_keys(name, given)
    _env.kept_secret(name, file, lambda: Fernet.generate_key().decode())
    return _env.KeptKeys(file, partial(_checked_keys, name))


def _translated() -> tuple[str, ...]:
    """The languages that people can read: English, and those whose translation is there."""
    return ("en", *(code for code in ("fr", "de") if (BASE_DIR / "locale" / code).is_dir()))


def _language(env: _env.Env) -> str:
    code = env.choice("SITEMEND_LANGUAGE", "en", ("en", "fr", "de"))
    if code not in _translated():
        raise _env.SettingRefused("SITEMEND_LANGUAGE", f"{code!r} is not translated yet; there is: {', '.join(_translated())}")
    return code


def _database(env: _env.Env, default: str) -> dict[str, object]:
    url = env.secret("DATABASE_URL") or default
    if urlsplit(url).scheme not in ("sqlite", "postgres", "postgresql"):
        raise _env.SettingRefused("DATABASE_URL", "must begin with sqlite:/// or postgresql://")
    try:
        found = dict(dj_database_url.parse(url, conn_max_age=60, conn_health_checks=True))
    except ValueError as error:  # the message may hold the password: only its kind is told
        raise _env.SettingRefused("DATABASE_URL", f"cannot be understood ({type(error).__name__})") from None
    if not found["NAME"]:
        raise _env.SettingRefused("DATABASE_URL", "names no database")
    options: dict[str, object] = dict(found.get("OPTIONS") or {})
    if found["ENGINE"] == "django.db.backends.sqlite3":
        # IMMEDIATE: a transaction that will write waits for its turn instead of failing in the middle (SQLITE_BUSY_SNAPSHOT).
        options |= {
            "timeout": 20,
            "transaction_mode": "IMMEDIATE",
            "init_command": "PRAGMA journal_mode=WAL; PRAGMA synchronous=NORMAL; PRAGMA cache_size=-2000; PRAGMA temp_store=MEMORY;",
        }
    else:
        options = {"connect_timeout": 5} | options
    return {**found, "OPTIONS": options}


try:
    _read = _env.Env.of(BASE_DIR)

    # --- state folder and secrets ---------------------------------------------------------------
    SITEMEND_VAR_DIR = (BASE_DIR / _read.text("SITEMEND_VAR_DIR", "var")).resolve()
    _env.make_state_folder("SITEMEND_VAR_DIR", SITEMEND_VAR_DIR)
    SECRET_KEY = _read.secret("SITEMEND_SECRET_KEY") or _env.kept_secret("SITEMEND_SECRET_KEY", SITEMEND_VAR_DIR / "django.key")
    if len(SECRET_KEY) < 32:
        raise _env.SettingRefused("SITEMEND_SECRET_KEY", "is too short: at least 32 characters")
    SITEMEND_CREDENTIALS_KEY_FILE = SITEMEND_VAR_DIR / "secret.key"
    SITEMEND_CREDENTIALS_KEYS = _credentials_keys(_read.secret("SITEMEND_CREDENTIALS_KEY"), SITEMEND_CREDENTIALS_KEY_FILE)

    # --- what an operator chooses ---------------------------------------------------------------
    DEBUG = _read.flag("SITEMEND_DEBUG")
    SITEMEND_BASE_URL = _read.base_url("SITEMEND_BASE_URL", "http://127.0.0.1:8000")
    SITEMEND_BASE_URL_IS_SET = bool(_read.text("SITEMEND_BASE_URL"))  # else `up` says where it listens
    SITEMEND_ALLOWED_NETWORKS = _read.networks("SITEMEND_ALLOWED_NETWORKS")
    SITEMEND_EGRESS_ADDRESSES = _read.networks("SITEMEND_EGRESS_ADDRESSES")
    SITEMEND_LOCAL_ROOTS = _read.folders("SITEMEND_LOCAL_ROOTS")
    SITEMEND_PROBES_PER_ADDRESS = _read.integer("SITEMEND_PROBES_PER_ADDRESS", 4, least=1, most=1000)
    SITEMEND_UNDO_DAYS = _read.integer("SITEMEND_UNDO_DAYS", 90, least=1, most=3650)
    SITEMEND_JOURNAL_MB_PER_SITE = _read.integer("SITEMEND_JOURNAL_MB_PER_SITE", 200, least=20, most=100_000)
    SITEMEND_KEPT_MB_PER_SITE = _read.integer("SITEMEND_KEPT_MB_PER_SITE", 20, least=1, most=100_000)
    SITEMEND_DUMPS_MB_PER_SITE = _read.integer("SITEMEND_DUMPS_MB_PER_SITE", 200, least=1, most=1_000_000)
    SITEMEND_CA_FILE = _read.authorities("SITEMEND_CA_FILE")
    # Asked only when much of the fleet is out of reach at once: neutral, and in different hands and networks.
    SITEMEND_ANCHORS = _read.page_urls(
        "SITEMEND_ANCHORS", ("https://www.iana.org/", "https://www.wikipedia.org/", "https://www.debian.org/", "https://www.ietf.org/")
    )
    # None: one job at a time, which may list a tree over a few connections. A number: never more connections than that.
    SITEMEND_CONNECTIONS_PER_HOST = _read.integer("SITEMEND_CONNECTIONS_PER_HOST", 0, least=1, most=100) or None
    SITEMEND_TRUSTED_PROXIES = _read.networks("SITEMEND_TRUSTED_PROXIES")
    SITEMEND_MAIL_DIR = SITEMEND_VAR_DIR / "mail"
    SITEMEND_PRACTICE_DIR = SITEMEND_VAR_DIR / "practice"
    SITEMEND_PRACTICE_AUTHORITY = SITEMEND_PRACTICE_DIR / "authority.pem"  # of the certificates that it shows, believed there alone
    TIME_ZONE = SITEMEND_TIME_ZONE = _read.time_zone("SITEMEND_TIME_ZONE", "UTC")
    LANGUAGE_CODE = _language(_read)
    DATABASES = {"default": _database(_read, f"sqlite:///{SITEMEND_VAR_DIR / 'db.sqlite3'}")}
    SITEMEND_REDIS_URL_IS_SET = bool(_read.redis_url("REDIS_URL"))  # else `up` starts the embedded Valkey
    SITEMEND_REDIS_URL = _broker.redis_url(_read, SITEMEND_VAR_DIR)
    _smtp = _read.email("EMAIL_URL")
    _mail_from = _read.text("SITEMEND_MAIL_FROM", f"Sitemend <sitemend@{urlsplit(SITEMEND_BASE_URL).hostname}>")
    SITEMEND_SUPPORT_URL = _read.text("SITEMEND_SUPPORT_URL", "")
    if SITEMEND_SUPPORT_URL and urlsplit(SITEMEND_SUPPORT_URL).scheme not in ("http", "https", "mailto"):
        raise _env.SettingRefused("SITEMEND_SUPPORT_URL", "must begin with https://, http:// or mailto:")
    SITEMEND_DEADMAN_URL = _read.http_url("SITEMEND_DEADMAN_URL")
    SITEMEND_OVHCLOUD_API = _read.http_url("SITEMEND_OVHCLOUD_API").rstrip("/")  # a simulation; empty: the real one
    # Where releases of WordPress, its plugins and its themes are published, or a mirror of it; set to nothing: none is fetched.
    SITEMEND_RELEASES = _read.mirror("SITEMEND_RELEASES", "https://downloads.wordpress.org")
    SITEMEND_RELEASES_API = _read.mirror("SITEMEND_RELEASES_API", "https://api.wordpress.org")
    SITEMEND_RELEASES_DIR = SITEMEND_VAR_DIR / "releases"  # of this machine: what is lost there is fetched again
    SITEMEND_RELEASES_MB = _read.integer("SITEMEND_RELEASES_MB", 500, least=50, most=1_000_000)
    _more_hosts = _read.names("SITEMEND_ALLOWED_HOSTS")
except _env.SettingRefused as refusal:
    _env.say(refusal)
    raise

# --- the application ----------------------------------------------------------------------------
INSTALLED_APPS = [
    "django.contrib.admin",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "django.contrib.staticfiles",
    "django_htmx",
    "csp",
    "template_partials",
    "lucide",
    "config.apps.ConfigurationConfig",
    "sites.apps.SitesConfig",
    "diagnostics.apps.DiagnosticsConfig",
]
MIDDLEWARE = [
    "config.middleware.RequestIdMiddleware",
    "config.middleware.TrustedProxyMiddleware",
    "django.middleware.security.SecurityMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "csp.middleware.CSPMiddleware",
    "config.middleware.PermissionsPolicyMiddleware",
    "config.middleware.PrivatePagesMiddleware",
    "config.middleware.NoNulMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.locale.LocaleMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "config.middleware.PersonMiddleware",
    "django.contrib.auth.middleware.LoginRequiredMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "config.middleware.TimeZoneMiddleware",
    "django_htmx.middleware.HtmxMiddleware",
]
ROOT_URLCONF = "config.urls"
WSGI_APPLICATION = "config.wsgi.application"
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"
TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "DIRS": [BASE_DIR / "templates"],
        "APP_DIRS": True,  # replaced by django-template-partials' own loader when the apps are ready
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
                "django.template.context_processors.i18n",
                "django.template.context_processors.tz",
            ],
        },
    },
]

# --- language and time --------------------------------------------------------------------------
USE_I18N = True
USE_TZ = True
# Only what is translated: else a browser is told `<html lang="fr">` on an English page.
LANGUAGES = [pair for pair in (("en", _("English")), ("fr", _("French")), ("de", _("German"))) if pair[0] in _translated()]
LOCALE_PATHS = [BASE_DIR / "locale"]

# --- static files: collected by `up` into the state folder, served by whitenoise -----------------
STATIC_URL = "/static/"
STATIC_ROOT = SITEMEND_VAR_DIR / "static"
STATICFILES_DIRS = [BASE_DIR / "static"]
WHITENOISE_USE_FINDERS = DEBUG
_STATIC = "django.contrib.staticfiles.storage.StaticFilesStorage" if DEBUG else "whitenoise.storage.CompressedManifestStaticFilesStorage"
STORAGES = {
    "default": {"BACKEND": "django.core.files.storage.FileSystemStorage", "OPTIONS": {"location": SITEMEND_VAR_DIR / "files"}},
    "staticfiles": {"BACKEND": _STATIC},
}

# --- people -------------------------------------------------------------------------------------
AUTH_PASSWORD_VALIDATORS = [
    {"NAME": "django.contrib.auth.password_validation.UserAttributeSimilarityValidator"},
    {"NAME": "django.contrib.auth.password_validation.MinimumLengthValidator", "OPTIONS": {"min_length": 10}},
    {"NAME": "django.contrib.auth.password_validation.CommonPasswordValidator"},
    {"NAME": "django.contrib.auth.password_validation.NumericPasswordValidator"},
]
CSRF_FAILURE_VIEW = "config.error_views.csrf_failure"
LOGIN_URL = "/login/"
LOGIN_REDIRECT_URL = "/"
LOGOUT_REDIRECT_URL = "/login/"

# --- what a browser may do ----------------------------------------------------------------------
_base = urlsplit(SITEMEND_BASE_URL)
_https = _base.scheme == "https"
_host = f"[{_base.hostname}]" if ":" in _base.hostname else _base.hostname
ALLOWED_HOSTS = sorted({"localhost", "127.0.0.1", "[::1]", _host, *_more_hosts})
CSRF_TRUSTED_ORIGINS = [SITEMEND_BASE_URL]
SESSION_COOKIE_NAME = "sitemend_session"  # own names: cookies do not tell ports apart, and many things run on localhost
CSRF_COOKIE_NAME = "sitemend_csrf"
SESSION_COOKIE_SECURE = CSRF_COOKIE_SECURE = LANGUAGE_COOKIE_SECURE = _https
SESSION_COOKIE_HTTPONLY = CSRF_COOKIE_HTTPONLY = LANGUAGE_COOKIE_HTTPONLY = True
SESSION_COOKIE_SAMESITE = CSRF_COOKIE_SAMESITE = LANGUAGE_COOKIE_SAMESITE = "Lax"
SECURE_CONTENT_TYPE_NOSNIFF = True
SECURE_REFERRER_POLICY = "same-origin"
SECURE_CROSS_ORIGIN_OPENER_POLICY = "same-origin"
SECURE_HSTS_SECONDS = 30 * 24 * 3600 if _https else 0
X_FRAME_OPTIONS = "DENY"
CONTENT_SECURITY_POLICY = {
    "DIRECTIVES": {
        "default-src": [SELF],
        "img-src": [SELF, "data:"],
        "object-src": [NONE],
        "frame-ancestors": [NONE],
        "base-uri": [SELF],
        "form-action": [SELF],
    },
}

# --- mail: SMTP when EMAIL_URL is set, else files below SITEMEND_MAIL_DIR -------------------------
EMAIL_BACKEND = "django.core.mail.backends.smtp.EmailBackend" if _smtp else "django.core.mail.backends.filebased.EmailBackend"
EMAIL_FILE_PATH = SITEMEND_MAIL_DIR
EMAIL_HOST = _smtp.get("EMAIL_HOST", "")
EMAIL_PORT = _smtp.get("EMAIL_PORT", 25)
EMAIL_HOST_USER = _smtp.get("EMAIL_HOST_USER", "")
EMAIL_HOST_PASSWORD = _smtp.get("EMAIL_HOST_PASSWORD", "")
EMAIL_USE_TLS = _smtp.get("EMAIL_USE_TLS", False)
EMAIL_USE_SSL = _smtp.get("EMAIL_USE_SSL", False)
EMAIL_TIMEOUT = 20
SITEMEND_MAIL_BY_SMTP = bool(_smtp)
SITEMEND_MAIL_FROM = DEFAULT_FROM_EMAIL = SERVER_EMAIL = _mail_from

# --- background work ----------------------------------------------------------------------------
CELERY_BROKER_URL = _broker.celery_url(SITEMEND_REDIS_URL)
CELERY_BROKER_CONNECTION_TIMEOUT = 2
CELERY_BROKER_CONNECTION_RETRY_ON_STARTUP = True
CELERY_BROKER_CONNECTION_MAX_RETRIES = None  # a worker waits for its broker for as long as it takes
CELERY_BROKER_TRANSPORT_OPTIONS = _broker.TRANSPORT_OPTIONS
CELERY_TASK_PUBLISH_RETRY = False
CELERY_TASK_IGNORE_RESULT = True
CELERY_TASK_DEFAULT_QUEUE = "hosts"
CELERY_TASK_CREATE_MISSING_QUEUES = True
CELERY_TASK_TRACK_STARTED = False
CELERY_TASK_SERIALIZER = "json"
CELERY_ACCEPT_CONTENT = ["json"]
CELERY_TIMEZONE = TIME_ZONE
CELERY_ENABLE_UTC = True
CELERY_WORKER_PREFETCH_MULTIPLIER = 1
CELERY_WORKER_HIJACK_ROOT_LOGGER = False
CELERY_WORKER_SEND_TASK_EVENTS = False
CELERY_WORKER_CANCEL_LONG_RUNNING_TASKS_ON_CONNECTION_LOSS = False
# Celery connects anew for every task: on SQLite, which reads its schema each time, that costs more than most tasks. There
# `config.celery` closes what is old; a PostgreSQL server may be restarted between two tasks, so there it stays as it is.
CELERY_DB_REUSE_MAX = 1_000_000_000 if DATABASES["default"]["ENGINE"] == "django.db.backends.sqlite3" else None

# --- logging: see config/logs.py
LOGGING = _logs.LOGGING
