"""Which pages answer somebody who is not logged in: these and no others."""

from collections.abc import Iterator

from django.urls import URLPattern, URLResolver, get_resolver

OPEN = {
    "account_login",
    "account_logout",
    "account_inactive",
    "account_signup",  # says that sign-up is closed
    "mfa_authenticate",  # the second step of a log-in
    "mfa_login_webauthn",
    "styleguide",  # explains marks and words; knows nobody
}

# The person's own page: before they are logged in there. Every other view of it is `of_the_person`.
OWN_PAGE = {"my", "my-ask", "my-code", "my-paper", "my-watch", "my-language"}


def every_page(resolver: URLResolver) -> Iterator[URLPattern]:
    for pattern in resolver.url_patterns:
        if isinstance(pattern, URLResolver):
            yield from every_page(pattern)
        else:
            yield pattern


def test_every_other_page_needs_a_log_in():
    pages = list(every_page(get_resolver()))
    is_open = {str(page.name or page.pattern) for page in pages if not getattr(page.callback, "login_required", True)}
    of_the_person = {str(page.name) for page in pages if getattr(page.callback, "of_the_person", False)}
    assert is_open - OPEN == OWN_PAGE | of_the_person
    assert not OWN_PAGE & of_the_person
    assert len(pages) > len(OPEN)
