"""What the pages' settings promise to a browser, with TLS and without."""

import json
import os
import subprocess
import sys

import pytest

ASK = """
import json
import django
from django.conf import settings
django.setup()
names = "SESSION_COOKIE_SECURE CSRF_COOKIE_SECURE SESSION_COOKIE_AGE SECURE_HSTS_SECONDS ALLOWED_HOSTS DEBUG"
print(json.dumps({name: getattr(settings, name) for name in names.split()}))
"""


def settings_of(tmp_path, **env: str) -> dict[str, object]:
    clean = {name: value for name, value in os.environ.items() if not name.startswith("SURETY_")}
    given = {
        **clean,
        **env,
        "SURETY_DATA_DIR": str(tmp_path / "data"),
        "DJANGO_SETTINGS_MODULE": "surety.server.project.settings",
    }
    command = [sys.executable, "-c", ASK]
    done = subprocess.run(command, env=given, capture_output=True, text=True, timeout=60, check=True)
    return json.loads(done.stdout)


def test_cookies_travel_over_tls_only_when_the_address_is_https(tmp_path):
    found = settings_of(tmp_path, SURETY_WEB_ORIGIN="https://surety.example")
    assert found["SESSION_COOKIE_SECURE"] is found["CSRF_COOKIE_SECURE"] is True
    assert found["SECURE_HSTS_SECONDS"] > 0
    assert "surety.example" in found["ALLOWED_HOSTS"]
    plain = settings_of(tmp_path)
    assert plain["SESSION_COOKIE_SECURE"] is plain["CSRF_COOKIE_SECURE"] is False


def test_a_session_ends_after_twelve_hours_and_insides_are_not_shown(tmp_path):
    found = settings_of(tmp_path)
    assert found["SESSION_COOKIE_AGE"] == 12 * 3600
    assert found["DEBUG"] is False
    assert "*" not in found["ALLOWED_HOSTS"]


def test_a_bad_setting_stops_the_server_before_it_starts(tmp_path):
    with pytest.raises(subprocess.CalledProcessError) as stopped:
        settings_of(tmp_path, SURETY_WEB_PORT="many")
    assert "SURETY_WEB_PORT" in stopped.value.stderr


def test_before_init_the_stand_in_key_is_never_the_same_twice(tmp_path):
    command = [sys.executable, "-c", "from surety.server.project.settings import SECRET_KEY; print(SECRET_KEY)"]
    env = {**os.environ, "SURETY_DATA_DIR": str(tmp_path / "data")}
    keys = {subprocess.run(command, env=env, capture_output=True, text=True, check=True).stdout for _ in range(2)}
    assert len(keys) == 2
    assert all(len(key) > 50 for key in keys)
