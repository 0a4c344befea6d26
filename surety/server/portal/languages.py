"""In which languages the person's own page speaks, and the words of each: gettext catalogues in locale/.

English is in the code; a `.po` file has the words of another language. It is read as it lies there (polib makes what
gettext reads of it, in memory), so there is nothing to compile and nothing that can be out of date. Every catalogue was
drafted by a machine until a person who reads the language confirms it: `X-Confirmed-By` in its header.
"""

import functools
import gettext
import io
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from pathlib import Path
from typing import NamedTuple

import polib

FOLDER = Path(__file__).with_name("locale")
ENGLISH = "en"


class Language(NamedTuple):
    """A language: its tag (BCP 47), its own name, its English one, and whether it is written from the right."""

    tag: str
    own_name: str
    english_name: str
    from_right: bool = False

    @property
    def direction(self) -> str:
        """As HTML's `dir` says it."""
        return "rtl" if self.from_right else "ltr"


ALL = (
    Language("en", "English", "English"),
    Language("ar", "العربية", "Arabic", from_right=True),
    Language("bn", "বাংলা", "Bengali"),
    Language("es", "Español", "Spanish"),
    Language("fa", "فارسی", "Farsi", from_right=True),
    Language("fr", "Français", "French"),
    Language("pl", "Polski", "Polish"),
    Language("pt", "Português", "Portuguese"),
    Language("ro", "Română", "Romanian"),
    Language("sq", "Shqip", "Albanian"),
    Language("ti", "ትግርኛ", "Tigrinya"),
    Language("tr", "Türkçe", "Turkish"),
    Language("ur", "اردو", "Urdu", from_right=True),
    Language("vi", "Tiếng Việt", "Vietnamese"),
    Language("zh", "中文", "Chinese"),
)
BY_TAG = {one.tag: one for one in ALL}
_active: ContextVar[str] = ContextVar("language of the person's own page", default=ENGLISH)
_FIRST_STRONG_ISOLATE, _POP_ISOLATE = "\u2068", "\u2069"  # UAX 9: a name in another script does not turn its sentence


def known(tag: str) -> str:
    """The tag of a language that the page speaks: "es" for "es-MX"; English for what it does not."""
    base = tag.lower().replace("_", "-").split("-")[0]
    return base if base in BY_TAG else ENGLISH


def file_of(tag: str) -> Path:
    """Where the catalogue of a language lies."""
    return FOLDER / tag / "LC_MESSAGES" / "django.po"


@functools.cache
def catalogue(tag: str) -> gettext.NullTranslations:
    """The words of a language. What is missing there is said in English."""
    file = file_of(tag)
    if tag == ENGLISH or not file.exists():
        return gettext.NullTranslations()
    return gettext.GNUTranslations(io.BytesIO(polib.pofile(str(file)).to_binary()))


@functools.cache
def confirmed_by(tag: str) -> str:
    """Who confirmed a catalogue, having read it; "" while it is a machine's draft."""
    return "" if tag == ENGLISH else catalogue(tag).info().get("x-confirmed-by", "").strip()


def is_draft(tag: str) -> bool:
    """Whether nobody has confirmed the translation yet."""
    return tag != ENGLISH and not confirmed_by(tag)


def active() -> Language:
    """The language that is spoken now."""
    return BY_TAG[_active.get()]


@contextmanager
def speaking(tag: str) -> Iterator[None]:
    """Speak a language within."""
    token = _active.set(known(tag))
    try:
        yield
    finally:
        _active.reset(token)


def noop(text: str) -> str:
    """Mark a text for translation that is said later."""
    return text


def say(text: str, **values: object) -> str:
    """A text in the language that is spoken now, with `{name}` filled in."""
    return say_in(_active.get(), text, **values)


def say_in(tag: str, text: str, **values: object) -> str:
    """A text in a language, with `{name}` filled in. Where it runs from the right, what is filled in stands apart."""
    said = catalogue(tag).gettext(text)
    if not values:
        return said
    if BY_TAG[tag].from_right:
        values = {name: f"{_FIRST_STRONG_ISOLATE}{value}{_POP_ISOLATE}" for name, value in values.items()}
    return said.format(**values)
