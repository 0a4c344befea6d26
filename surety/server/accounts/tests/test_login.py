"""Logging in: password and second factor, set-up on the first day, lock-out, and what the audit log keeps of it."""

import time

import pytest
from allauth.mfa.totp.internal.auth import format_hotp_value, generate_totp_secret, hotp_value
from django.core.cache import cache
from django.test import Client
from django.urls import reverse

from surety.server.accounts import actions
from surety.server.accounts.adapters import has_second_factor
from surety.server.accounts.models import Role, User
from surety.server.audit.models import Entry
from surety.server.audit.queries import verify

pytestmark = pytest.mark.django_db
PASSWORD = "seven green kettles"
NOW_MS = 1_780_000_000_000


@pytest.fixture(autouse=True)
def _fast_and_fresh(settings):
    """Hashing that takes no time, and no memory of another test's codes."""
    settings.PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]
    cache.clear()


@pytest.fixture
def ruth() -> User:
    user, _ = actions.create_user("ruth", Role.OPERATOR, acting_user=None, now_ms=NOW_MS, password=PASSWORD)
    return user


@pytest.fixture
def secret(ruth) -> str:
    made = generate_totp_secret()
    actions.enrol_totp(ruth, made, now_ms=NOW_MS)
    return made


def code(secret: str) -> str:
    return format_hotp_value(hotp_value(secret, int(time.time()) // 30))


def wrong_code(secret: str) -> str:
    now = int(time.time()) // 30
    near = {format_hotp_value(hotp_value(secret, now + step)) for step in range(-3, 4)}
    return next(text for text in map("{:06}".format, range(10)) if text not in near)


def give_password(client: Client, password: str = PASSWORD, name: str = "ruth"):
    return client.post(reverse("account_login"), {"login": name, "password": password})


def give_code(client: Client, text: str):
    return client.post(reverse("mfa_authenticate"), {"code": text})


def is_in(client: Client) -> bool:
    return "_auth_user_id" in client.session


def actions_kept() -> list[str]:
    return list(Entry.objects.order_by("seq").values_list("action", flat=True))


def test_password_and_code_let_in(client, ruth, secret):
    response = give_password(client)
    assert response["Location"] == reverse("mfa_authenticate")
    assert not is_in(client)
    assert give_code(client, code(secret)).status_code == 302
    assert is_in(client)
    assert actions_kept()[-1] == "login.succeeded"
    assert verify().is_sound


def test_a_code_works_once(client, ruth, secret):
    text = code(secret)
    give_password(client)
    give_code(client, text)
    other = Client()
    give_password(other)
    give_code(other, text)
    assert not is_in(other)


def test_a_code_works_once_whichever_process_it_is_given_to(client, ruth, secret):
    text = code(secret)
    give_password(client)
    give_code(client, text)
    cache.clear()  # as in another process, which remembers nothing
    other = Client()
    give_password(other)
    give_code(other, text)
    assert is_in(client)
    assert not is_in(other)


def test_a_wrong_code_does_not_let_in(client, ruth, secret):
    give_password(client)
    assert give_code(client, wrong_code(secret)).status_code == 200
    assert not is_in(client)
    assert actions_kept()[-1] == "login.failed"


def test_without_a_second_factor_every_page_leads_to_its_set_up(client, ruth):
    give_password(client)
    assert is_in(client)
    for name in ("mfa_index", "account_change_password"):
        assert client.get(reverse(name))["Location"] == reverse("accounts_second_factor")
    page = client.get(reverse("accounts_second_factor"))
    assert page.status_code == 200
    assert client.post(reverse("mfa_generate_recovery_codes")).status_code == 403


def test_an_authenticator_app_is_set_up_and_then_the_way_is_free(client, ruth):
    give_password(client)
    page = client.get(reverse("mfa_activate_totp"))
    assert page.status_code == 200
    secret = page.context["form"].secret
    response = client.post(reverse("mfa_activate_totp"), {"code": code(secret)})
    assert response["Location"] == reverse("mfa_view_recovery_codes")
    assert has_second_factor(ruth)
    assert client.get(response["Location"]).status_code == 200
    assert client.get(reverse("accounts_second_factor"))["Location"] == "/"
    assert "second_factor.added" in actions_kept()


def test_the_secret_of_an_app_lies_encrypted_in_the_database(ruth, secret):
    assert secret not in str(ruth.authenticator_set.get().data)


def test_the_only_second_factor_cannot_be_taken_off(client, ruth, secret):
    give_password(client)
    give_code(client, code(secret))
    client.post(reverse("mfa_deactivate_totp"))
    assert has_second_factor(ruth)


def test_a_recovery_code_lets_in_once(client, ruth):
    give_password(client)
    secret = client.get(reverse("mfa_activate_totp")).context["form"].secret
    client.post(reverse("mfa_activate_totp"), {"code": code(secret)})
    spare = client.get(reverse("mfa_view_recovery_codes")).context["unused_codes"][0]
    for expected in (True, False):
        other = Client()
        give_password(other)
        give_code(other, spare)
        assert is_in(other) is expected


def test_a_one_time_password_must_be_changed_before_anything_else(client):
    _, plain = actions.create_user("new", Role.OFFICER, acting_user=None, now_ms=NOW_MS)
    give_password(client, plain, "new")
    assert client.get(reverse("accounts_second_factor"))["Location"] == reverse("account_change_password")
    mine = {"oldpassword": plain, "password1": PASSWORD, "password2": PASSWORD}
    client.post(reverse("account_change_password"), mine)
    assert not User.objects.get(username="new").must_change_password
    assert client.get(reverse("accounts_second_factor")).status_code == 200
    assert "password.changed" in actions_kept()


def test_five_wrong_passwords_lock_the_name_for_a_while_and_the_right_one_too(client, ruth, secret):
    for _ in range(5):
        response = give_password(client, "wrong")
    assert response.status_code == 429
    assert b"Too many wrong attempts: try again in 15 minutes" in response.content
    assert give_password(client).status_code == 429
    assert not is_in(client)
    assert actions_kept().count("login.failed") >= 5
    assert "login.locked_out" in actions_kept()


def test_somebody_elsewhere_cannot_lock_a_user_out(ruth, secret):
    attacker = Client(REMOTE_ADDR="203.0.113.7")
    for _ in range(6):
        give_password(attacker, "wrong")
    home = Client(REMOTE_ADDR="198.51.100.2")
    assert give_password(home)["Location"] == reverse("mfa_authenticate")


def test_wrong_codes_lock_as_wrong_passwords_do(client, ruth, secret):
    give_password(client)
    for _ in range(5):
        response = give_code(client, wrong_code(secret))
    assert response.status_code == 429
    assert give_code(client, code(secret)).status_code == 429
    assert not is_in(client)


def test_a_success_forgets_the_failures_before_it(client, ruth, secret):
    for _ in range(4):
        give_password(client, "wrong")
    give_password(client)
    give_code(client, code(secret))
    assert is_in(client)
    other = Client()
    assert give_password(other, "wrong").status_code == 200


def test_a_mistyped_name_is_not_kept(client):
    give_password(client, "x", "my secret password by mistake")
    assert not Entry.objects.filter(detail__contains="by mistake").exists()
    assert actions_kept() == ["login.failed"]


def test_sign_up_is_closed(client):
    page = client.get(reverse("account_signup"))
    assert b"Sign-up is closed" in page.content
    client.post(reverse("account_signup"), {"username": "eve", "password1": PASSWORD})
    assert not User.objects.exists()


def test_a_deactivated_user_is_out_with_the_next_request(client, ruth, secret):
    give_password(client)
    give_code(client, code(secret))
    actions.set_active(ruth.pk, active=False, acting_user=None, now_ms=NOW_MS, reason="left the agency")
    assert client.get(reverse("mfa_index")).status_code == 302
    assert client.get(reverse("mfa_index"))["Location"].startswith(reverse("account_login"))


def test_resetting_access_ends_sessions_and_takes_off_the_second_factor(client, ruth, secret):
    give_password(client)
    give_code(client, code(secret))
    plain = actions.reset_access(ruth.pk, acting_user=None, now_ms=NOW_MS, reason="lost the phone")
    assert client.get(reverse("mfa_index"))["Location"].startswith(reverse("account_login"))
    assert not has_second_factor(ruth)
    assert give_password(Client(), plain).status_code == 302


@pytest.mark.parametrize("name", ["account_login", "account_signup"])
def test_pages_carry_a_strict_policy_and_no_inline_script_or_style(client, name):
    page = client.get(reverse(name))
    policy = page["Content-Security-Policy"]
    assert "default-src 'self'" in policy
    assert "unsafe" not in policy
    text = page.content.decode()
    assert "style=" not in text
    assert all("src=" in tag or "application/json" in tag for tag in text.split("<script")[1:])


def test_the_set_up_pages_carry_no_inline_script_either(client, ruth):
    give_password(client)
    for name in ("accounts_second_factor", "mfa_activate_totp", "mfa_add_webauthn"):
        text = client.get(reverse(name)).content.decode()
        assert "style=" not in text
        assert all("src=" in tag or "application/json" in tag for tag in text.split("<script")[1:])


def test_a_page_needs_a_log_in_unless_it_says_otherwise(client):
    assert client.get(reverse("accounts_second_factor"))["Location"].startswith(reverse("account_login"))
