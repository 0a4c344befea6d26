"""Log-in, log-out, one's own password and second factor. Nothing of sign-up, e-mail or password mails."""

from allauth.account import views as account
from django.urls import include, path

from surety.server.accounts import views

urlpatterns = [
    path("login/", account.login, name="account_login"),
    path("logout/", account.logout, name="account_logout"),
    path("inactive/", account.account_inactive, name="account_inactive"),
    path("closed/", account.signup, name="account_signup"),
    path("reauthenticate/", account.reauthenticate, name="account_reauthenticate"),
    path("password/", account.password_change, name="account_change_password"),
    path("second-factor/", views.second_factor, name="accounts_second_factor"),
    path("second-factors/", include("allauth.mfa.urls")),
]
