"""Django's settings, derived from the operator's (surety/settings.py)."""

import datetime as dt
import secrets
from urllib.parse import unquote, urlsplit

from surety import settings as operator_settings

SURETY = operator_settings.load()
SURETY.data_dir.mkdir(mode=0o700, parents=True, exist_ok=True)
DEBUG = SURETY.debug
# Before `surety init` there is no key; one that nobody knows stands in, good for this process alone.
SECRET_KEY = SURETY.secret_file.read_text().strip() if SURETY.secret_file.exists() else secrets.token_urlsafe(64)
ORIGIN = SURETY.web_origin or f"http://{SURETY.host}:{SURETY.web_port}"
ORIGIN_HOST = urlsplit(ORIGIN).hostname or "localhost"
IS_HTTPS = ORIGIN.startswith("https://")
ALLOWED_HOSTS = [ORIGIN_HOST, "localhost", "127.0.0.1", "[::1]"]
CSRF_TRUSTED_ORIGINS = [ORIGIN]

INSTALLED_APPS = [
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "django.contrib.staticfiles",
    "django.contrib.humanize",
    # Before allauth, so that our templates stand in place of its own.
    "surety.server.accounts",
    "allauth",
    "allauth.account",
    "allauth.mfa",
    "axes",
    "csp",
    "surety.server.audit",
    "surety.server.cases",
    "surety.server.monitoring",
    "surety.server.alerts",
    "surety.server.notices",
    "surety.server.records",
    "surety.server.checkins",
    "surety.server.console",
    "surety.server.portal",
]

MIDDLEWARE = [
    "django.middleware.security.SecurityMiddleware",
    "csp.middleware.CSPMiddleware",
    "surety.server.project.static.StaticFilesMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    # Under /my/ nobody of the console is logged in: people under supervision have a session of their own.
    "surety.server.portal.sessions.PortalMiddleware",
    # Every view needs a log-in unless it is marked `login_not_required`: forgetting to ask is not possible.
    "django.contrib.auth.middleware.LoginRequiredMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "allauth.account.middleware.AccountMiddleware",
    "surety.server.accounts.middleware.SecondFactorMiddleware",
    "axes.middleware.AxesMiddleware",
]

ROOT_URLCONF = "surety.server.project.urls"
ASGI_APPLICATION = "surety.server.project.asgi.application"
TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
            ]
        },
    }
]


def _database(url: str) -> dict[str, object]:
    if not url:
        return {
            "ENGINE": "django.db.backends.sqlite3",
            "NAME": SURETY.data_dir / "surety.sqlite3",
            # A write transaction takes its lock at once, so that it never has to be given up half-way.
            "OPTIONS": {
                "transaction_mode": "IMMEDIATE",
                "timeout": 20,
                # secure_delete: what is deleted or overwritten is gone from the file too, not only from the tables.
                "init_command": "PRAGMA journal_mode=WAL; PRAGMA synchronous=FULL; PRAGMA foreign_keys=ON; "
                "PRAGMA secure_delete=ON;",
            },
        }
    parts = urlsplit(url)
    return {
        "ENGINE": "django.db.backends.postgresql",
        "NAME": parts.path.lstrip("/"),
        "USER": unquote(parts.username or ""),
        "PASSWORD": unquote(parts.password or ""),
        "HOST": parts.hostname or "",
        "PORT": str(parts.port or ""),
    }


DATABASES = {"default": _database(SURETY.database_url)}
AUTH_USER_MODEL = "accounts.User"
USE_TZ = True
TIME_ZONE = "UTC"
LANGUAGE_CODE = "en-gb"
STATIC_URL = "/static/"
# Files are served from where they lie in the package; there is nothing to collect after an upgrade.
WHITENOISE_USE_FINDERS = True
X_FRAME_OPTIONS = "DENY"
SECURE_REFERRER_POLICY = "same-origin"
SECURE_CROSS_ORIGIN_OPENER_POLICY = "same-origin"

# --- who may log in, and how --------------------------------------------------------------------------------------

AUTHENTICATION_BACKENDS = [
    "axes.backends.AxesStandaloneBackend",  # first: somebody locked out is refused before the password is looked at
    "allauth.account.auth_backends.AuthenticationBackend",
]
AUTH_PASSWORD_VALIDATORS = [
    {"NAME": "django.contrib.auth.password_validation.UserAttributeSimilarityValidator"},
    {"NAME": "django.contrib.auth.password_validation.MinimumLengthValidator", "OPTIONS": {"min_length": 12}},
    {"NAME": "django.contrib.auth.password_validation.CommonPasswordValidator"},
    {"NAME": "django.contrib.auth.password_validation.NumericPasswordValidator"},
]
LOGIN_URL = "account_login"
LOGIN_REDIRECT_URL = "/"
SESSION_COOKIE_AGE = 12 * 3600  # a long shift; then everybody logs in again
SESSION_COOKIE_SAMESITE = CSRF_COOKIE_SAMESITE = "Lax"
SESSION_COOKIE_SECURE = CSRF_COOKIE_SECURE = IS_HTTPS
if IS_HTTPS:
    SECURE_HSTS_SECONDS = 365 * 86_400
    SECURE_SSL_REDIRECT = True
    # TLS ends at a proxy in front of us, which must set this header itself and drop it from what comes in.
    SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https")

ACCOUNT_ADAPTER = "surety.server.accounts.adapters.AccountAdapter"
ACCOUNT_LOGIN_METHODS = {"username"}
ACCOUNT_SIGNUP_FIELDS = ["username*", "password1*"]  # required by the library; sign-up itself is closed
ACCOUNT_EMAIL_VERIFICATION = "none"
ACCOUNT_SESSION_REMEMBER = True
ACCOUNT_LOGOUT_REDIRECT_URL = "account_login"
# A second line behind axes (which counts in the database), per process.
ACCOUNT_RATE_LIMITS = {"login_failed": "60/m/ip,20/5m/key"}

MFA_ADAPTER = "surety.server.accounts.adapters.SecondFactorAdapter"
MFA_FORMS = {
    "authenticate": "surety.server.accounts.forms.AuthenticateForm",
    "reauthenticate": "surety.server.accounts.forms.ReauthenticateForm",
}
MFA_SUPPORTED_TYPES = ["totp", "webauthn", "recovery_codes"]
MFA_PASSKEY_LOGIN_ENABLED = True
MFA_TOTP_ISSUER = SURETY.agency_name
MFA_TOTP_TOLERANCE = 1  # half a minute of clock drift either way
# Browsers let passkeys work without TLS on localhost, and nowhere else.
MFA_WEBAUTHN_ALLOW_INSECURE_ORIGIN = not IS_HTTPS and ORIGIN_HOST in {"localhost", "127.0.0.1"}

AXES_FAILURE_LIMIT = 5
AXES_COOLOFF_TIME = dt.timedelta(minutes=15)
# A name from one address: nobody can lock somebody else out from afar, and a second factor guards against many.
AXES_LOCKOUT_PARAMETERS = [["username", "ip_address"]]
AXES_RESET_ON_SUCCESS = True
AXES_RESET_COOL_OFF_ON_FAILURE_DURING_LOCKOUT = False  # fifteen minutes are fifteen minutes
AXES_USERNAME_CALLABLE = "surety.server.accounts.forms.lockout_username"
# Kept with a failed attempt: never what was typed.
AXES_SENSITIVE_PARAMETERS = ["username", "login", "ip_address", "code", "credential", "oldpassword", "password1"]
AXES_LOCKOUT_TEMPLATE = "accounts/locked.html"
AXES_HTTP_RESPONSE_CODE = 429
AXES_VERBOSE = False
AXES_ENABLE_ADMIN = False
AXES_DISABLE_ACCESS_LOG = True  # log-ins stand in our own audit log

# --- what a page may load: our own origin, no inline script, no inline style ---------------------------------------

CONTENT_SECURITY_POLICY = {
    "DIRECTIVES": {
        "default-src": ["'self'"],
        "script-src": ["'self'"],
        "style-src": ["'self'"],
        "img-src": ["'self'", "data:", "blob:"],
        "connect-src": ["'self'"],
        "worker-src": ["'self'"],
        "object-src": ["'none'"],
        "base-uri": ["'none'"],
        "form-action": ["'self'"],
        "frame-ancestors": ["'none'"],
    }
}
