"""Columns that are encrypted under the person's own key (vault.py) and read like any other attribute.

    class Person(models.Model):
        phone = SealedText("person.phone")               # the row's own key is the person's id
    class Alert(models.Model):
        sentence = SealedText("alert.sentence", of="person_id")

An attribute is opened when it is first looked at; code and templates see text. After the person's key was destroyed it
reads as the word "erased". A column of bytes holds no order and no equality: whoever asks the database to search or
sort by one is refused with a FieldError, as is `update()` with a plain text (no row, hence no person, is known there).
"""

import json
from typing import TYPE_CHECKING, Any, TypeVar

from django.core.exceptions import FieldError
from django.db import models
from django.db.models.expressions import Col
from django.db.models.lookups import Exact, IsNull
from django.db.models.query_utils import DeferredAttribute

from surety.server.records import vault

ERASED = "erased"
# Texts are filled up to a multiple of so many bytes: what is written must not be told by its length ("male", "female").
PADDED_TO = 32
_ABOUT_NOBODY = b"\x02"  # the first byte of what is not encrypted, as it is about nobody
_ERASED_BOX = b"\x00"  # written in place of a box when an erased row is saved again

_S = TypeVar("_S")
_G = TypeVar("_G")

if TYPE_CHECKING:

    class _Base(models.Field[_S, _G]):
        """To the type checker: what is set, and what is read."""
else:

    class _Base(models.BinaryField):
        def __class_getitem__(cls, _types: Any) -> type:
            return cls


class Box(bytes):
    """A text as it is stored. `text` is what it says, once it was opened."""

    text: Any = None
    is_open = False

    def __str__(self) -> str:
        """Never the bytes: a list of values that was not opened shows this."""
        return "sealed"


class _Attribute(DeferredAttribute):
    """Opens a box when the attribute is read, and keeps what is set until the row is saved."""

    field: "Sealed[Any, Any]"

    def __get__(self, instance: models.Model | None, cls: type[models.Model] | None = None) -> Any:
        if instance is None:
            return self
        held = super().__get__(instance, cls)
        if not isinstance(held, Box):
            return held
        if not held.is_open:
            held.text, held.is_open = self.field.opened(person_of(instance, self.field.of), held), True
        return held.text

    def __set__(self, instance: models.Model, value: object) -> None:
        instance.__dict__[self.field.attname] = value


def person_of(row: Any, way: str) -> str:
    """The id of the person whom a row is about; empty where it is about nobody."""
    for name in way.split("."):
        row = None if row is None else getattr(row, name)
    return row or ""


class _SealedCol(Col):
    """The column in a query. Django resolves what it is to order by, and not what it merely selects."""

    def resolve_expression(self, *_args: Any, **_options: Any) -> Any:
        raise FieldError(f"{self.target.model.__name__}.{self.target.name} is encrypted: nothing can be sorted by it")


class _IsNull(IsNull):
    """Whether there is anything, the one question that a column of boxes answers."""

    def __init__(self, lhs: Any, rhs: Any) -> None:
        super().__init__(Col(lhs.alias, lhs.target) if isinstance(lhs, _SealedCol) else lhs, rhs)


class _IsEmpty(Exact):  # type: ignore[type-arg]  # the class takes no types while it runs
    """Whether there is a text at all; no other equality can be asked."""

    def __init__(self, lhs: Any, rhs: Any) -> None:
        field = lhs.target
        if rhs != field.empty or field.hides_empty:
            raise _not_searched(field)
        super().__init__(Col(lhs.alias, field), Box(b""))


def _not_searched(field: "Sealed[Any, Any]") -> FieldError:
    return FieldError(f"{field.model.__name__}.{field.name} is encrypted: the database cannot search by it")


class Sealed(_Base[_S, _G]):
    """A value under the person's key. `label`, "purpose.name", is bound into each box and must never change.

    `of` is the way from the row to the person's id ("alert.person_id"). A row that is about nobody (where the way ends
    in None) keeps its text as it is, marked so. An empty text is stored as an empty box, unless
    `hides_empty`: where it would tell something that there is nothing.
    """

    descriptor_class = _Attribute

    def __init__(self, label: str = "", *, of: str = "pk", hides_empty: bool = False, **options: Any) -> None:
        self.label, self.of, self.hides_empty = label, of, hides_empty
        super().__init__(**options)

    def deconstruct(self) -> Any:
        """For migrations."""
        name, path, args, options = super().deconstruct()
        return name, path, [self.label, *args], options | {"of": self.of, "hides_empty": self.hides_empty}

    def get_internal_type(self) -> str:
        """A column of bytes."""
        return "BinaryField"

    # --- texts and boxes ------------------------------------------------------------------------------------------

    def dump(self, value: Any) -> bytes:
        """The value as bytes, of a length that does not tell it."""
        data = str(value).encode()
        return data + b"\x00" * (-len(data) % PADDED_TO or (0 if data else PADDED_TO))

    def load(self, data: bytes) -> Any:
        """What `dump` was given."""
        return data.decode()

    empty: Any = ""
    erased: Any = ERASED

    def opened(self, person_id: str, box: bytes) -> Any:
        """What a box says; `erased` once the person's key was destroyed. Raises vault.BrokenBoxError."""
        if not box:
            return self.empty
        data = self.raw(person_id, box)
        return self.erased if data is None else self.load(data)

    def raw(self, person_id: str, box: bytes) -> bytes | None:
        """What `dump` gave, without what it was filled up with; None: erased. Raises vault.BrokenBoxError."""
        if bytes(box) == _ERASED_BOX:
            return None
        if bytes(box[:1]) == _ABOUT_NOBODY:
            return bytes(box[1:]).rstrip(b"\x00")
        try:
            return vault.decrypt(person_id, box, purpose=self.purpose, bound=self.label).rstrip(b"\x00")
        except vault.KeyDestroyedError:
            return None

    def sealed(self, person_id: str, value: Any) -> Box:
        """The value as it is stored. Raises vault.KeyDestroyedError."""
        if value is ERASED:
            return self.erased_box()
        if value == self.empty and not self.hides_empty:
            return Box(b"")
        if not person_id:
            return Box(_ABOUT_NOBODY + self.dump(value))
        return Box(vault.encrypt(person_id, self.dump(value), purpose=self.purpose, bound=self.label))

    @property
    def purpose(self) -> str:
        """The vault's purpose: the label's first part."""
        return self.label.partition(".")[0]

    @staticmethod
    def erased_box() -> Box:
        """What stands in a row whose text is gone."""
        return Box(_ERASED_BOX)

    # --- between Django and the database --------------------------------------------------------------------------

    def from_db_value(self, value: bytes | None, *_: Any) -> Box | None:
        """As it is stored; the attribute opens it."""
        return None if value is None else Box(value)

    def to_python(self, value: Any) -> Any:
        """As it is."""
        return value

    def get_default(self) -> Any:
        """What a new row has."""
        value = super().get_default()
        return self.empty if value == b"" else value

    def pre_save(self, model_instance: models.Model, add: bool) -> Any:  # noqa: ARG002, FBT001 - Django's form
        """The box to write: the one that was read, or a new one where something was set."""
        held = model_instance.__dict__.get(self.attname)
        if held is None or isinstance(held, Box):
            return held
        box = self.sealed(person_of(model_instance, self.of), held)
        box.text, box.is_open = held, True
        model_instance.__dict__[self.attname] = box
        return box

    def get_db_prep_value(self, value: Any, connection: Any, prepared: bool = False) -> Any:  # noqa: ARG002, FBT001, FBT002 - Django's form
        """What the driver is given. Raises FieldError for a plain value: no person is known here."""
        if value is None:
            return None
        if isinstance(value, Box) or value in (b"", self.empty):
            return connection.Database.Binary(bytes(value) if isinstance(value, bytes) else b"")
        if self.has_default() and value == self.get_default():  # of a column that is made not null: it tells nothing
            return connection.Database.Binary(bytes(self.sealed("", value)))
        raise FieldError(f"{self.model.__name__}.{self.name} is encrypted: set it on a row and save that row")

    def get_lookup(self, lookup_name: str) -> Any:
        """Whether there is anything can be asked (null, empty); nothing else. Raises FieldError."""
        if lookup_name == "isnull":
            return _IsNull
        if lookup_name == "exact":
            return _IsEmpty
        raise _not_searched(self)

    def get_col(self, alias: str, output_field: Any = None) -> Any:  # noqa: ARG002 - Django's form
        """The column, which may be selected."""
        return _SealedCol(alias, self)


class SealedText(Sealed[str, str]):
    """A text under the person's key."""


class SealedJSON(Sealed[Any, Any]):
    """A value that JSON can hold, under the person's key. Null stays null; erased, it reads as None.

    What was read must not be changed in place: set it anew.
    """

    empty = None
    erased = None

    def dump(self, value: Any) -> bytes:
        """The value as JSON."""
        return super().dump(json.dumps(value, separators=(",", ":"), sort_keys=True))

    def load(self, data: bytes) -> Any:
        """What `dump` was given."""
        return json.loads(super().load(data))


def stored(row: models.Model, name: str) -> object:
    """What is written of a row's attribute by plain SQL: of a sealed one the box, which is made where it was set."""
    field = row._meta.get_field(name)  # noqa: SLF001 - public, by Django's documentation
    return bytes(box) if isinstance(field, Sealed) and (box := field.pre_save(row, add=False)) else getattr(row, name)


def field_of(model: type[models.Model], name: str) -> Sealed[Any, Any]:
    """A sealed column of a model, for who reads boxes without rows (`values_list`) and opens them."""
    found = model._meta.get_field(name)  # noqa: SLF001 - public, by Django's documentation
    assert isinstance(found, Sealed)  # noqa: S101 - a slip of the programmer's, not of the data
    return found
