"""Each column that could hold words of somebody is encrypted, or somebody wrote down why not."""

from collections.abc import Iterator

from django.apps import apps
from django.db import models

from surety.server.records.fields import BOXES, OF_ENDINGS, OF_NAMES, PLAIN
from surety.server.records.sealed import Sealed

_SPEAKING = (models.CharField, models.TextField, models.JSONField, models.BinaryField, models.FileField)


def _columns() -> Iterator[tuple[str, models.Field]]:
    for model in apps.get_models():
        if model.__module__.startswith("surety.server"):
            yield from ((f"{model._meta.label}.{field.name}", field) for field in model._meta.fields)


def test_every_column_of_words_is_encrypted_or_says_why_not() -> None:
    unknown = [
        name
        for name, field in _columns()
        if isinstance(field, _SPEAKING)
        and not isinstance(field, Sealed)
        and not field.choices
        and name not in BOXES | PLAIN
        and field.name not in OF_NAMES
        and not field.name.endswith(tuple(OF_ENDINGS))
    ]
    assert unknown == [], "make each a SealedText (records/sealed.py), or write into records/fields.py why it is not"


def test_what_is_written_down_names_columns_that_are_there_and_are_not_encrypted() -> None:
    columns = dict(_columns())
    named = [*BOXES, *PLAIN]
    assert [name for name in named if name not in columns] == []
    assert [name for name in named if isinstance(columns[name], Sealed)] == []
    assert set(OF_NAMES) <= {field.name for field in columns.values()}
    assert all(reason for reason in (*OF_NAMES.values(), *OF_ENDINGS.values(), *BOXES.values(), *PLAIN.values()))


def test_each_encrypted_column_has_a_label_of_its_own_kind_and_knows_whose_it_is() -> None:
    sealed = [(name, field) for name, field in _columns() if isinstance(field, Sealed)]
    assert len(sealed) > 40
    for name, field in sealed:
        assert "." in field.label, name
        first = field.of.split(".")[0]
        assert first == "pk" or hasattr(field.model, first), name
