# SPDX-License-Identifier: AGPL-3.0-or-later
"""Django's settings; every value that an installation may change comes from the environment.

The names are listed in docs/settings.md, and a test compares that page with ``SETTINGS`` in
``partwell.environment``. Nothing here opens a file or the network.
"""

from datetime import timedelta

from partwell import environment

ENV = environment.read()

BASE_DIR = ENV.source_root
PARTWELL_HOME = ENV.home
PARTWELL_KEYS = ENV.keys
PARTWELL_LOG = ENV.log
PARTWELL_DEMO = ENV.demo
PARTWELL_URL = ENV.url
PARTWELL_TRUSTED_PROXIES = ENV.trusted_proxies
PARTWELL_MAIL_ADDRESS = ENV.mail_address
PARTWELL_MESSAGE_MAILS = ENV.message_mails
PARTWELL_KEY_BACKUP_DAYS = ENV.key_backup_days
PARTWELL_RECORD_YEARS = ENV.record_years

SECRET_KEY = ENV.secret_key
DEBUG = False
ALLOWED_HOSTS = ENV.hosts
CSRF_TRUSTED_ORIGINS = [
    f"https://{host}" for host in ENV.hosts if host not in ("localhost", "127.0.0.1", "[::1]", "*")
]

RECORDS = [
    "people",
    "clients",
    "vault",
    "evidence",
    "estate",
    "offboardings",
    "authorisations",
    "releases",
    "correspondence",
    "retention",
    "hours",
    "billing",
    "jobs",
]

INSTALLED_APPS = [
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "django.contrib.staticfiles",
    "django.contrib.humanize",
    # Before allauth: its templates are replaced by ours.
    "partwell.entrypoints.door",
    "allauth",
    "allauth.account",
    "allauth.mfa",
    "django_htmx",
    *[f"partwell.records.{noun}" for noun in RECORDS],
    "partwell.entrypoints.theme",
    "partwell.entrypoints.staff",
    "partwell.entrypoints.client_portal",
    "partwell.entrypoints.provider_portal",
    "partwell.entrypoints.api",
]

MIDDLEWARE = [
    "django.middleware.security.SecurityMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "partwell.entrypoints.door.headers.SecurityHeaders",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.locale.LocaleMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "allauth.account.middleware.AccountMiddleware",
    "django_htmx.middleware.HtmxMiddleware",
    "partwell.entrypoints.door.time_zone.TimeZone",
    "partwell.entrypoints.door.actor.ActorMiddleware",
    "partwell.entrypoints.door.refused.RefusalMiddleware",
    "partwell.entrypoints.door.second_factor.SecondFactorRequired",
]

ROOT_URLCONF = "partwell.urls"
WSGI_APPLICATION = "partwell.wsgi.application"

TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "DIRS": [],
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
                "partwell.entrypoints.door.context.house",
            ]
        },
    }
]

DATABASES = {"default": environment.database(ENV)}
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"
# HOUSE.md: actions own their transactions; returning commits, raising rolls back.
ATOMIC_REQUESTS = False

AUTH_USER_MODEL = "people.User"
AUTHENTICATION_BACKENDS = ["allauth.account.auth_backends.AuthenticationBackend"]
AUTH_PASSWORD_VALIDATORS = [
    {"NAME": "django.contrib.auth.password_validation.UserAttributeSimilarityValidator"},
    {"NAME": "django.contrib.auth.password_validation.MinimumLengthValidator", "OPTIONS": {"min_length": 12}},
    {"NAME": "django.contrib.auth.password_validation.CommonPasswordValidator"},
]
PASSWORD_HASHERS = ENV.password_hashers
LOGIN_URL = "/account/login/"
LOGIN_REDIRECT_URL = "/"
ACCOUNT_ADAPTER = "partwell.entrypoints.door.accounts.AccountAdapter"
MFA_ADAPTER = "partwell.entrypoints.door.accounts.MfaAdapter"
ACCOUNT_LOGIN_METHODS = {"email"}
ACCOUNT_SIGNUP_FIELDS = ["email*", "password1*"]
ACCOUNT_USER_MODEL_USERNAME_FIELD = None
ACCOUNT_EMAIL_VERIFICATION = "mandatory"
ACCOUNT_SESSION_REMEMBER = False
ACCOUNT_LOGOUT_ON_GET = False
ACCOUNT_PREVENT_ENUMERATION = True
ACCOUNT_EMAIL_UNKNOWN_ACCOUNTS = False
ACCOUNT_EMAIL_NOTIFICATIONS = True
ACCOUNT_EMAIL_SUBJECT_PREFIX = ""
ACCOUNT_REAUTHENTICATION_TIMEOUT = 300
ACCOUNT_RATE_LIMITS = {
    "login": "20/m/ip",
    "login_failed": "20/10m/ip,5/5m/key",
    "reset_password": "10/10m/ip,3/10m/key",
    "reset_password_from_key": "10/10m/ip",
    "reauthenticate": "10/m/user",
    "change_password": "5/m/user",
}
ACCOUNT_FORMS = {
    "login": "partwell.entrypoints.door.account_forms.LoginForm",
    "reset_password": "partwell.entrypoints.door.account_forms.ResetPasswordForm",
}
PASSWORD_RESET_TIMEOUT = 1800
MFA_SUPPORTED_TYPES = ["totp", "webauthn", "recovery_codes"]
MFA_PASSKEY_LOGIN_ENABLED = True
MFA_WEBAUTHN_USER_VERIFICATION = "required"
MFA_RECOVERY_CODES_SHOW_ONCE = True
MFA_TOTP_ISSUER = "Partwell"
THEME_BRAND = "partwell.entrypoints.door.brand.brand_of"
# A passkey needs a secure context; browsers count http://localhost as one.
MFA_WEBAUTHN_ALLOW_INSECURE_ORIGIN = ENV.loopback

SESSION_ENGINE = "django.contrib.sessions.backends.db"
SESSION_COOKIE_NAME = "pw_staff"
SESSION_COOKIE_AGE = int(timedelta(hours=12).total_seconds())
SESSION_COOKIE_HTTPONLY = True
SESSION_COOKIE_SAMESITE = "Lax"
SESSION_COOKIE_SECURE = CSRF_COOKIE_SECURE = not ENV.loopback
CSRF_COOKIE_HTTPONLY = True
CSRF_FAILURE_VIEW = "partwell.entrypoints.theme.errors.csrf_failure"
SECURE_CONTENT_TYPE_NOSNIFF = True
SECURE_REFERRER_POLICY = "same-origin"
SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https") if ENV.behind_proxy else None
X_FRAME_OPTIONS = "DENY"
DATA_UPLOAD_MAX_MEMORY_SIZE = 5 * 1024 * 1024
DATA_UPLOAD_MAX_NUMBER_FIELDS = 6000
FILE_UPLOAD_MAX_MEMORY_SIZE = 1024 * 1024
FILE_UPLOAD_TEMP_DIR = str(ENV.home / "tmp")
FILE_UPLOAD_PERMISSIONS = 0o600

CACHES = {"default": {"BACKEND": "django.core.cache.backends.db.DatabaseCache", "LOCATION": "partwell_cache"}}

LANGUAGE_CODE = "en"
LANGUAGES = [("en", "English")]
LOCALE_PATHS = [ENV.source_root / "partwell" / "locale"]
USE_I18N = True
USE_TZ = True
TIME_ZONE = "UTC"

STATIC_URL = "/static/"
STATIC_ROOT = ENV.home / "static"
WHITENOISE_USE_FINDERS = True
WHITENOISE_AUTOREFRESH = False
WHITENOISE_MAX_AGE = 3600

TEST_RUNNER = "django.test.runner.DiscoverRunner"
SILENCED_SYSTEM_CHECKS: list[str] = []

LOGGING = {
    "version": 1,
    "disable_existing_loggers": False,
    "filters": {"hush": {"()": "partwell.hush.Hush"}},
    "formatters": {"line": {"format": "%(asctime)s %(levelname)s %(name)s %(message)s"}},
    "handlers": {"err": {"class": "logging.StreamHandler", "formatter": "line", "filters": ["hush"]}},
    "root": {"handlers": ["err"], "level": ENV.log_level},
}
