"""The list of files that the service worker keeps is the list of files that there are."""

from surety.watch import shell


def test_the_service_workers_list_and_version_are_current() -> None:
    written = (shell.APP / shell.OWN).read_text(encoding="utf-8")
    assert written == shell.text(), "run: python -m surety.watch.shell"
