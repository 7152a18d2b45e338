"""Every setting of the site. The environment is read here, once, and nowhere else.

`VAR_DIR/env`, written by `make setup`, supplies values for a local installation; the process
environment wins over it. A production machine has no such file: there, what is missing is an
error that names the variable. The README documents each variable in one table.
"""

import os
from datetime import timedelta
from pathlib import Path

from django.core.exceptions import ImproperlyConfigured
from redis.backoff import NoBackoff
from redis.retry import Retry

from faceproject import brokers, openapi, policies
from faceproject import unfold as admin_theme
from faceproject.embedded import addresses
from faceproject.environment import (
    BASE_DIR,
    VAR_DIR,
    days,
    distance,
    env,
    number,
    one_of,
    required,
    share,
)

DEBUG = env.bool("DEBUG", default=False)
HTTPS = env.bool("HTTPS", default=True)

SECRET_KEY = required("SECRET_KEY", "it signs sessions; use a long random string.")
# Earlier ones, still read while a new one spreads.
SECRET_KEY_FALLBACKS = env.list("SECRET_KEY_FALLBACKS", default=[])
ALLOWED_HOSTS = [
    host.strip()
    for host in required(
        "ALLOWED_HOSTS", "list the host names this site answers to, separated by commas."
    ).split(",")
]
CSRF_TRUSTED_ORIGINS = env.list("CSRF_TRUSTED_ORIGINS", default=[])

# --- Applications -------------------------------------------------------------------------

INSTALLED_APPS = [
    "unfold.apps.BasicAppConfig",  # its look; the site itself is ours
    "faceproject.apps.AdminConfig",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "django.contrib.staticfiles",
    "django.contrib.postgres",
    "django_filters",
    "django_htmx",
    "rest_framework",
    "knox",
    "drf_spectacular",
    "drf_spectacular_sidecar",
    "people",
    "recognition",
    "faceproject",  # for its commands
]

MIDDLEWARE = [
    "django.middleware.security.SecurityMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "faceproject.policies.ContentPolicy",
    "django_permissions_policy.PermissionsPolicyMiddleware",
    "django_htmx.middleware.HtmxMiddleware",
]

ROOT_URLCONF = "faceproject.urls"
WSGI_APPLICATION = "faceproject.wsgi.application"

TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "DIRS": [BASE_DIR / "templates"],
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
            ],
        },
    },
]

# --- Data ---------------------------------------------------------------------------------

DATABASE_URL = env.str("DATABASE_URL", default="")
CELERY_BROKER_URL = env.str("CELERY_BROKER_URL", default="")

DATABASES = {
    "default": env.db_url_config(DATABASE_URL)
    if DATABASE_URL
    else addresses.django_database(VAR_DIR)
}
# A streaming replica that searches are read from; recognition.replicas says what may lag.
REPLICA_DATABASE_URL = env.str("REPLICA_DATABASE_URL", default="")
REPLICA_MAX_LAG = timedelta(seconds=number(env.float, "REPLICA_MAX_LAG_SECONDS", 2.0))
if REPLICA_DATABASE_URL:
    DATABASES["replica"] = env.db_url_config(REPLICA_DATABASE_URL)
    DATABASES["replica"]["TEST"] = {"MIRROR": "default"}
    # Without the replica the primary answers: nobody waits long for it.
    DATABASES["replica"].setdefault("OPTIONS", {})["tcp_user_timeout"] = 3000  # milliseconds
DATABASE_ROUTERS = ["recognition.replicas.SearchRouter"]
for _name, _database in DATABASES.items():
    # Checked when taken from the pool: a restart of the database costs no request an error.
    _database["CONN_HEALTH_CHECKS"] = True
    _database.setdefault("OPTIONS", {})["pool"] = {
        "min_size": 0,
        "max_size": number(env.int, "DATABASE_POOL", 16),
        "timeout": 1 if _name == "replica" else 10,
    }
    _database["OPTIONS"].setdefault("prepare_threshold", 5)  # lets people.prepared do so
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"

# Photos, and archives being imported: on several machines, a folder that all of them see.
PHOTOS_DIR = Path(env.str("PHOTOS_DIR", default="") or VAR_DIR / "photos").resolve()
MODELS_DIR = Path(env.str("MODELS_DIR", default=str(VAR_DIR / "models"))).resolve()
# How long a photo that was rejected waits for somebody to look at it; 0: until it is deleted.
REJECTED_PHOTOS_KEPT = days("REJECTED_PHOTOS_KEPT_DAYS")
STORAGES = {
    "default": {"BACKEND": "django.core.files.storage.FileSystemStorage"},
    "photos": {
        "BACKEND": "people.storage.PrivateStorage",
        "OPTIONS": {
            "location": PHOTOS_DIR,
            "file_permissions_mode": 0o600,
            "directory_permissions_mode": 0o700,
        },
    },
    "staticfiles": {"BACKEND": "whitenoise.storage.CompressedManifestStaticFilesStorage"},
}
STATIC_URL = "static/"
STATICFILES_DIRS = [BASE_DIR / "static"]
STATIC_ROOT = VAR_DIR / "static"

# Bounds what is not a file: photos and archives stream to disk, and whoever reads them has limits.
DATA_UPLOAD_MAX_MEMORY_SIZE = 2 * 1024 * 1024
FILE_UPLOAD_HANDLERS = [
    "people.uploads.Bounded",
    "django.core.files.uploadhandler.MemoryFileUploadHandler",
    "django.core.files.uploadhandler.TemporaryFileUploadHandler",
]
DATA_UPLOAD_MAX_NUMBER_FILES = 200  # photos of one person, or frames, in one form
FILE_UPLOAD_PERMISSIONS = 0o600

# --- Celery -------------------------------------------------------------------------------

BROKER = CELERY_BROKER_URL or addresses.celery_broker(VAR_DIR)
# Sites that share a broker need one each.
QUEUE_PREFIX = env.str("QUEUE_PREFIX", default="")
# The order matters: what somebody waits for comes before what changes a model.
QUEUES = (f"{QUEUE_PREFIX}celery", f"{QUEUE_PREFIX}reembedding")

CELERY = {
    "broker_url": BROKER,
    "broker_connection_timeout": 2,
    "broker_connection_retry_on_startup": True,
    "broker_connection_max_retries": None,  # a broker that comes back finds its workers
    "broker_transport_options": brokers.transport_options(BROKER),
    "task_publish_retry_policy": {"max_retries": 1, "interval_start": 0.1},
    "task_acks_late": True,
    "task_reject_on_worker_lost": True,
    "task_ignore_result": True,
    "task_default_queue": QUEUES[0],
    "task_routes": {"recognition.tasks.reembed_chunk": {"queue": QUEUES[1]}},
    "control_exchange": f"{QUEUE_PREFIX}celery",
    "event_exchange": f"{QUEUE_PREFIX}celeryev",
    "worker_prefetch_multiplier": 1,
    # Told to end at once, a worker still finishes what it is at.
    "worker_soft_shutdown_timeout": 10.0,
    "beat_schedule": {
        # Expired, so that those that no worker took do not all run once there is one.
        "sweep": {
            "task": "recognition.tasks.sweep",
            "schedule": 30.0,
            "options": {"expires": 600.0},
        },
        "tidy": {
            "task": "recognition.tasks.tidy",
            "schedule": 24 * 3600.0,
            "options": {"expires": 24 * 3600.0},
        },
    },
    "beat_schedule_filename": str(VAR_DIR / "celery" / "beat"),
}

# --- Cache: how often who asked. Nothing that must not be lost ------------------------------

CACHE_URL = env.str("CACHE_URL", default=addresses.cache_beside(str(CELERY["broker_url"])))
CACHES = {
    "default": {
        "BACKEND": "django.core.cache.backends.redis.RedisCache",
        "LOCATION": CACHE_URL,
        "KEY_PREFIX": "face",
        # No request waits for a cache that is down.
        "OPTIONS": {"socket_timeout": 0.5, "retry": Retry(NoBackoff(), 0)},
    }
    if CACHE_URL
    # Of each process alone: with several, the limits below count for each.
    else {"BACKEND": "django.core.cache.backends.locmem.LocMemCache"},
    # What each process may count for itself, and need not ask anybody for.
    "process": {"BACKEND": "django.core.cache.backends.locmem.LocMemCache", "LOCATION": "process"},
}

# --- Processes of `make run` ---------------------------------------------------------------

HOST = env.str("HOST", default="127.0.0.1")
PORT = number(env.int, "PORT", 8000)
WEB_PROCESSES = number(env.int, "WEB_PROCESSES", 1)  # each holds the networks, about 350 MB
WEB_THREADS = number(env.int, "WEB_THREADS", 8)
# A core stays free for the web server: somebody waits for its answer.
WORKER_PROCESSES = number(env.int, "WORKER_PROCESSES", min(max((os.cpu_count() or 2) - 1, 1), 4))
# A worker process that has grown beyond this ends after its task, and is started anew.
WORKER_MAX_MB = number(env.int, "WORKER_MAX_MB", 1500)
ADMIN_PASSWORD = env.str("ADMIN_PASSWORD", default="")
DEMO = env.bool("DEMO", default=True)  # enrol the demo people in a new database

# --- Recognition --------------------------------------------------------------------------

# Processor threads of each process that runs the networks; None lets the runtime take all.
ENGINE_THREADS = number(env.int, "ENGINE_THREADS", 1)
# What runs them: auto takes OpenVINO for less than fp32. Vectors are the same.
ENGINE_RUNTIME = one_of("ENGINE_RUNTIME", ("auto", "onnxruntime", "openvino"))
# bf16 only on processors that have it; elsewhere it is fp32.
ENGINE_PRECISION = one_of("ENGINE_PRECISION", ("fp32", "bf16"))
# How often one person may pass as one other, and a stranger be taken for somebody; empty uses what
# the operator accepts in the admin.
VERIFY_FMR = share("VERIFY_FMR")
RECOGNIZE_FPIR = share("RECOGNIZE_FPIR")
# Whether recognizing goes on by the fitted law where more people are searched than the calibration
# can vouch for.
RECOGNIZE_BEYOND_PROMISE = env.bool("RECOGNIZE_BEYOND_PROMISE", default=False)
# Distances, 0…2; empty uses the thresholds that belong to the active embedding model.
VERIFY_THRESHOLD = distance("VERIFY_THRESHOLD")
RECOGNIZE_THRESHOLD = distance("RECOGNIZE_THRESHOLD")

# --- Logging in by face ---------------------------------------------------------------------

# second_factor: password, then face. claimed: user name and face. recognize: the face alone.
# Whatever it is, accounts with admin rights need the password and, once enrolled, the face.
FACE_LOGIN_MODE = one_of("FACE_LOGIN_MODE", ("second_factor", "claimed", "recognize", "off"))
# off: a photo of somebody logs in as them. Only where somebody watches the camera.
FACE_LOGIN_LIVENESS = one_of("FACE_LOGIN_LIVENESS", ("required", "off"))
# Whether accounts with admin rights do nothing but enrol their face before it is enrolled.
FACE_LOGIN_STAFF_MUST_ENROL = env.bool("FACE_LOGIN_STAFF_MUST_ENROL", default=True)
# What people agree to before they add photos of their own face; a text of ours if empty.
CONSENT_TEXT_FILE = Path(path) if (path := env.str("CONSENT_TEXT_FILE", default="")) else None

# --- Liveness -----------------------------------------------------------------------------

# Moves of one challenge, besides looking straight. More are harder to have a recording of.
LIVENESS_STEPS = number(env.int, "LIVENESS_STEPS", 3)
if not 2 <= LIVENESS_STEPS <= 5:
    raise ImproperlyConfigured("LIVENESS_STEPS is a number from 2 to 5.")
# Whether the anti-spoofing networks have a say. Required, and not fetched: nobody is live.
LIVENESS_PAD = one_of("LIVENESS_PAD", ("if_available", "required", "off"))

# --- Attendance ---------------------------------------------------------------------------

# A face shown again within this time is the same event, unless the other direction is said.
CLOCK_REPEAT = timedelta(seconds=number(env.int, "CLOCK_REPEAT_SECONDS", 60))
# How far a device's clock may be wrong.
CLOCK_DRIFT = timedelta(seconds=number(env.int, "CLOCK_DRIFT_SECONDS", 120))
# Captures that waited on a device longer than this are refused.
CLOCK_OLDEST = timedelta(hours=number(env.int, "CLOCK_OLDEST_HOURS", 72))
# How long a device may take back what was just clocked there; 0: never.
CLOCK_UNDO = timedelta(seconds=number(env.int, "CLOCK_UNDO_SECONDS", 30))
# Whether who was deactivated, or belongs to another gallery, is told so by a device that sees them.
CLOCK_SAYS_WHY = env.bool("CLOCK_SAYS_WHY", default=True)
CLOCK_LATE_AFTER = timedelta(minutes=5)

# --- Webhooks -----------------------------------------------------------------------------

# Lets webhooks go to addresses inside the network, and by http. Off, only to the internet.
WEBHOOKS_ALLOW_PRIVATE = env.bool("WEBHOOKS_ALLOW_PRIVATE", default=False)

# --- API ----------------------------------------------------------------------------------

REST_FRAMEWORK = {
    "DEFAULT_AUTHENTICATION_CLASSES": [
        "recognition.api.authentication.KeyAuthentication",
        "recognition.api.authentication.BrowserSession",
    ],
    "DEFAULT_PERMISSION_CLASSES": ["recognition.api.access.ByRule"],
    "DEFAULT_PARSER_CLASSES": [
        "recognition.api.parsers.BoundedJSON",
        "recognition.api.parsers.BoundedForm",
    ],
    "DEFAULT_CONTENT_NEGOTIATION_CLASS": "recognition.api.parsers.Negotiation",
    "DEFAULT_METADATA_CLASS": "recognition.api.access.Methods",
    "DEFAULT_RENDERER_CLASSES": ["rest_framework.renderers.JSONRenderer"],
    "DEFAULT_PAGINATION_CLASS": "recognition.api.pages.Pages",
    "DEFAULT_FILTER_BACKENDS": ["recognition.api.filters.StrictFilters"],
    "DEFAULT_THROTTLE_CLASSES": ["recognition.api.throttles.ByBoth"],
    "DEFAULT_THROTTLE_RATES": {
        "address": env.str("THROTTLE_ADDRESS", default="1200/min"),
        "account": env.str("THROTTLE_ACCOUNT", default="600/min"),
        "token": "10/min",  # guesses at a password
    },
    "NUM_PROXIES": number(env.int, "PROXIES", 0),
    "EXCEPTION_HANDLER": "recognition.api.problems.as_problem",
    "DEFAULT_SCHEMA_CLASS": "recognition.api.schema.Schema",
}
SPECTACULAR_SETTINGS = openapi.SETTINGS
REST_KNOX = {
    "AUTH_HEADER_PREFIX": "Bearer",
    "TOKEN_TTL": timedelta(hours=number(env.int, "TOKEN_HOURS", 10)),
    "TOKEN_LIMIT_PER_USER": 20,
}

# --- Accounts, language, time -------------------------------------------------------------

AUTHENTICATION_BACKENDS = [
    "recognition.login.backends.BrakedPassword",
    "recognition.login.backends.FaceAlone",
]
AUTH_PASSWORD_VALIDATORS = [
    {"NAME": "django.contrib.auth.password_validation.UserAttributeSimilarityValidator"},
    {
        "NAME": "django.contrib.auth.password_validation.MinimumLengthValidator",
        "OPTIONS": {"min_length": 10},
    },
    {"NAME": "django.contrib.auth.password_validation.CommonPasswordValidator"},
    {"NAME": "django.contrib.auth.password_validation.NumericPasswordValidator"},
]
LOGIN_URL = "login:start"
LOGIN_REDIRECT_URL = "home"
LOGOUT_REDIRECT_URL = "login:start"
LANGUAGE_CODE = "en"
FORMAT_MODULE_PATH = ["faceproject.formats"]
# Of the kiosk, whose pages say which one they are in. The rest of the site is English.
LANGUAGES = [("en", "English"), ("de", "Deutsch"), ("es", "Español")]
LOCALE_PATHS = [BASE_DIR / "locale"]
TIME_ZONE = env.str("TIME_ZONE", default="UTC")
USE_TZ = True

# --- Transport security -------------------------------------------------------------------

SESSION_COOKIE_SECURE = CSRF_COOKIE_SECURE = SECURE_SSL_REDIRECT = HTTPS
SECURE_HSTS_SECONDS = number(env.int, "HSTS_SECONDS", 31_536_000) if HTTPS else 0
SECURE_HSTS_INCLUDE_SUBDOMAINS = SECURE_HSTS_PRELOAD = HTTPS
SECURE_REFERRER_POLICY = "same-origin"
X_FRAME_OPTIONS = "DENY"
SESSION_COOKIE_HTTPONLY = True
SESSION_COOKIE_SAMESITE = "Lax"
if env.bool("BEHIND_PROXY", default=False):
    SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https")
    USE_X_FORWARDED_HOST = True

CONTENT_SECURITY_POLICY = {"DIRECTIVES": policies.PAGES}
PERMISSIONS_POLICY = policies.NOTHING_ALLOWED

# --- Logs: codes and ids, never a photo, a name, an embedding, a key or a score ------------

LOGGING = {
    "version": 1,
    "disable_existing_loggers": False,
    "formatters": {"line": {"format": "{asctime} {levelname} {name}: {message}", "style": "{"}},
    "handlers": {"stderr": {"class": "logging.StreamHandler", "formatter": "line"}},
    "root": {"handlers": ["stderr"], "level": env.str("LOG_LEVEL", default="INFO")},
}

# --- Admin theme --------------------------------------------------------------------------

UNFOLD = admin_theme.UNFOLD
