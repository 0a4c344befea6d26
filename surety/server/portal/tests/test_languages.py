"""The words of fifteen languages: complete, with the same placeholders, a draft until a person confirms them."""

import functools
import re
from pathlib import Path

import polib
import pytest
from django.contrib.staticfiles import finders
from django.test import Client

from surety.server.accounts.models import Role
from surety.server.console.case_words import LANGUAGES
from surety.server.console.tests.case_cast import case, record_day, user
from surety.server.portal import catalogues, languages, times
from surety.server.portal.languages import say, say_in, speaking
from surety.server.portal.tests.portal_cast import logged_in
from surety.server.portal.tests.test_pages import PAGES
from surety.server.timekeeping import now_ms

TAGS = [one.tag for one in languages.ALL if one.tag != "en"]
OTHER_SCRIPT = ["ar", "bn", "fa", "ti", "ur", "zh"]
DRAFT = "This translation was drafted by a machine. The English text counts."
# What is written alike in English and some other language.
ALIKE = {"Menu", "Code", "Photo {number}", "position", "Photos", "Probable", "Possible", "{date}, {time}"}
ALIKE |= {"{number} min", "{number} h"}
# Recorded by people, and so left as it is; and what a browser is told.
AS_RECORDED = {
    "Home",
    "School",
    "Olu",
    "Officer",
    "Surety",
    "Alderbeck",
    "Magistrates",
    "Court",
    "Bail",
    "Act",
    "section",
}


def test_the_languages_are_those_that_were_asked_for():
    wanted = "en ar sq bn zh fa fr pl pt ro es ti tr ur vi"
    assert {one.tag for one in languages.ALL} == set(wanted.split())
    assert {one.tag for one in languages.ALL if one.direction == "rtl"} == {"ar", "fa", "ur"}


def test_each_can_be_recorded_as_the_language_of_a_person():
    assert {one.tag for one in languages.ALL} <= {tag for tag, _ in LANGUAGES}


@pytest.mark.parametrize("tag", TAGS)
def test_a_catalogue_has_every_text_with_its_placeholders_and_nothing_else(tag: str):
    found = catalogues.state(languages.BY_TAG[tag])
    assert (found.missing, found.wrong, found.left_over) == ((), (), ())
    assert found.translated == len(catalogues.texts()) > 150


@pytest.mark.parametrize("tag", TAGS)
def test_no_english_stands_where_a_translation_should(tag: str):
    entries = polib.pofile(str(languages.file_of(tag)))
    assert {one.msgid for one in entries if one.msgid == one.msgstr} <= ALIKE
    if tag in OTHER_SCRIPT:
        assert not [one.msgstr for one in entries if re.search(r"[A-Za-z]", re.sub(r"\{\w+\}", "", one.msgstr))]


@pytest.mark.parametrize("tag", TAGS)
def test_every_text_can_be_said(tag: str):
    for text in catalogues.texts():
        names = re.findall(r"\{(\w+)\}", text)
        assert "{" not in say_in(tag, text, **dict.fromkeys(names, "7"))


@pytest.mark.parametrize("tag", TAGS)
def test_a_catalogue_is_a_draft_until_somebody_confirms_it(tag: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    assert languages.is_draft(tag)
    confirmed = polib.pofile(str(languages.file_of(tag)))
    confirmed.metadata["X-Confirmed-By"] = "A. Reader"
    monkeypatch.setattr(languages, "FOLDER", tmp_path)
    for cached in ("catalogue", "confirmed_by"):
        monkeypatch.setattr(languages, cached, functools.cache(getattr(languages, cached).__wrapped__))
    languages.file_of(tag).parent.mkdir(parents=True)
    confirmed.save(str(languages.file_of(tag)))
    assert languages.confirmed_by(tag) == "A. Reader"
    assert not languages.is_draft(tag)


def test_a_catalogue_that_gained_a_text_is_a_draft_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    confirmed = polib.pofile(str(languages.file_of("fr")))
    confirmed.metadata["X-Confirmed-By"] = "A. Reader"
    lost = confirmed[3].msgid
    confirmed.remove(confirmed[3])
    monkeypatch.setattr(languages, "FOLDER", tmp_path)
    languages.file_of("fr").parent.mkdir(parents=True)
    confirmed.save(str(languages.file_of("fr")))
    assert catalogues.update(languages.BY_TAG["fr"]).missing == (lost,)
    assert polib.pofile(str(languages.file_of("fr"))).metadata["X-Confirmed-By"] == ""


@pytest.mark.django_db
@pytest.mark.parametrize("tag", ["en", *TAGS])
def test_the_first_page_says_its_language_its_direction_and_whether_it_is_a_draft(tag: str):
    client = Client()
    client.post("/my/language", {"language": tag})
    page = client.get("/my/").content.decode()
    assert f'<html lang="{tag}" dir="{languages.BY_TAG[tag].direction}">' in page
    assert (DRAFT in page) is (tag != "en")
    assert say_in(tag, "Send me a code") in page


@pytest.mark.django_db
def test_a_browser_is_answered_in_its_own_language_before_anybody_chose_one():
    assert 'lang="vi"' in Client().get("/my/", headers={"Accept-Language": "xx,vi-VN;q=0.9,en;q=0.8"}).content.decode()
    assert 'lang="en"' in Client().get("/my/", headers={"Accept-Language": "cy"}).content.decode()


@pytest.mark.slow
@pytest.mark.django_db
@pytest.mark.parametrize("tag", OTHER_SCRIPT)
def test_every_page_is_said_in_the_language_but_for_what_people_wrote(tag: str, tmp_path: Path):
    ana = case(now_ms(), user("olu officer", Role.OFFICER))
    record_day(ana, now_ms(), tmp_path)
    client = logged_in(ana.person, tag)
    for address in PAGES:
        page = client.get(address).content.decode()
        shown = re.sub(r'<span lang="en".*?</span>|<head>.*?</head>|<[^>]*>|&\S+?;', " ", page, flags=re.S)
        left = set(re.findall(r"[A-Za-z]{2,}", shown)) - AS_RECORDED
        assert not left, (address, left)


@pytest.mark.parametrize("tag", [one.tag for one in languages.ALL])
def test_dates_and_weekdays_are_said_in_the_language_on_the_persons_own_clock(tag: str):
    at_ms = 1_774_746_000_000  # 29 March 2026, 01:00 UTC: the moment at which London's clocks went forward
    with speaking(tag):
        said = times.moment(at_ms, "Europe/London")
        assert "02:00" in said
        assert "29" in said
        assert "2026" in said
        assert times.weekday(at_ms, "Europe/London")
        if tag in OTHER_SCRIPT:
            assert not re.search(r"[A-Za-z]", said + times.day(at_ms, "Europe/London"))


def test_a_name_does_not_turn_the_sentence_around_it():
    with speaking("ar"):
        assert "\u2068School\u2069" in say("Stay out of the zone {zone}.", zone="School")
    with speaking("en"):
        assert say("Stay out of the zone {zone}.", zone="School") == "Stay out of the zone School."


def test_the_style_sheet_knows_no_left_and_no_right():
    sheet = Path(str(finders.find("portal/my.css"))).read_text()
    rules = re.sub(r"/\*.*?\*/", "", sheet, flags=re.S)
    assert not re.search(r"\b(left|right)\b", rules)
