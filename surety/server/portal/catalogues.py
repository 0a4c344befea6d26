"""Which texts there are to translate, and whether every catalogue has them: for `surety languages` and the tests.

Texts are marked in the code by `say("...")`, `say_in(tag, "...")` and `noop("...")`, in templates by `{% say "..." %}`.
"""

import ast
import re
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import polib

from surety.server.portal import languages

ROOM = Path(__file__).parent
_IN_TEMPLATE = re.compile(r"""\{%\s*say\s+(?:"([^"]+)"|'([^']+)')""")
_PLACEHOLDER = re.compile(r"\{\w*\}")
_MARKS = {"say": 0, "noop": 0, "say_in": 1}  # which argument is the text


def texts() -> list[str]:
    """Every text to translate, in the order in which the files say them, each once."""
    found: dict[str, None] = {}
    for file in sorted([*ROOM.glob("*.py"), *ROOM.glob("templatetags/*.py"), *ROOM.glob("templates/**/*.html")]):
        source = file.read_text("utf-8")
        found.update(dict.fromkeys(_in_code(source) if file.suffix == ".py" else _in_template(source)))
    return list(found)


def _in_template(source: str) -> Iterator[str]:
    for double, single in _IN_TEMPLATE.findall(source):
        yield double or single


def _in_code(source: str) -> Iterator[str]:
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id in _MARKS:
            at = _MARKS[node.func.id]
            text = node.args[at] if len(node.args) > at else None
            if isinstance(text, ast.Constant) and isinstance(text.value, str):
                yield text.value


class State(NamedTuple):
    """How the catalogue of a language stands."""

    language: languages.Language
    translated: int
    missing: tuple[str, ...]
    wrong: tuple[str, ...]  # whose placeholders differ
    left_over: tuple[str, ...]  # that nothing says any more
    confirmed_by: str


def state(language: languages.Language) -> State:
    """What of a catalogue is there, missing, wrong or left over."""
    wanted = texts()
    if language.tag == languages.ENGLISH:
        return State(language, len(wanted), (), (), (), "the code itself")
    file = languages.file_of(language.tag)
    known = {one.msgid: one.msgstr for one in polib.pofile(str(file))} if file.exists() else {}
    missing = tuple(text for text in wanted if not known.get(text))
    wrong = tuple(text for text in wanted if known.get(text) and _placeholders(text) != _placeholders(known[text]))
    left_over = tuple(text for text in known if text not in wanted)
    return State(language, len(wanted) - len(missing), missing, wrong, left_over, languages.confirmed_by(language.tag))


def _placeholders(text: str) -> list[str]:
    return sorted(_PLACEHOLDER.findall(text))


def update(language: languages.Language) -> State:
    """Write a catalogue anew: new texts are added empty, and what nothing says any more is left out.

    A catalogue that gained a text is a draft again, until somebody confirms it.
    """
    file = languages.file_of(language.tag)
    old = polib.pofile(str(file)) if file.exists() else polib.POFile()
    known = {one.msgid: one.msgstr for one in old}
    new = polib.POFile(wrapwidth=0)
    wanted = texts()
    confirmed = old.metadata.get("X-Confirmed-By", "") if all(known.get(text) for text in wanted) else ""
    new.metadata = {
        "Language": language.tag,
        "Language-Team": language.english_name,
        "MIME-Version": "1.0",
        "Content-Type": "text/plain; charset=UTF-8",
        "Content-Transfer-Encoding": "8bit",
        "X-Drafted-By": "a machine",
        "X-Confirmed-By": confirmed,
    }
    new.extend(polib.POEntry(msgid=text, msgstr=known.get(text, "")) for text in wanted)
    file.parent.mkdir(parents=True, exist_ok=True)
    new.save(str(file))
    return state(language)
