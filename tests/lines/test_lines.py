"""The lines of the design that the code itself can be asked about (docs/lines.md names the test of each)."""

import ast
from pathlib import Path

import msgspec
import pytest
from django.apps import apps
from django.urls import URLPattern, URLResolver, get_resolver

from surety.rules import conditions, facts, findings
from surety.server.cases.checks import DATA_KINDS, OrderTerms

RULES = Path(facts.__file__).parent
SURETY = RULES.parent
PROTECTED = {"nationality", "ethnicity", "race", "religion", "sex", "gender", "age", "birth", "birthdate"}
PLACE_WORDS = {"lat", "lon", "latitude", "longitude", "bbox", "near", "radius", "geometry", "place"}


def _words(identifier: str) -> set[str]:
    return set(identifier.lower().replace("-", "_").split("_"))


def _identifiers(tree: ast.AST) -> set[str]:
    names = {n.id for n in ast.walk(tree) if isinstance(n, ast.Name)}
    names |= {n.attr for n in ast.walk(tree) if isinstance(n, ast.Attribute)}
    names |= {n.arg for n in ast.walk(tree) if isinstance(n, ast.arg)}
    return names | {
        n.value
        for n in ast.walk(tree)
        if isinstance(n, ast.Constant) and isinstance(n.value, str) and n.value.isidentifier()
    }


@pytest.mark.parametrize("file", sorted(RULES.glob("*.py")), ids=lambda f: f.name)
def test_no_rule_reads_a_protected_trait(file: Path) -> None:
    used = {name for name in _identifiers(ast.parse(file.read_text())) if _words(name) & PROTECTED}
    assert not used, f"{file.name} reads {used}"


@pytest.mark.parametrize("module", [facts, conditions, findings], ids=lambda m: m.__name__)
def test_what_the_rules_are_given_has_no_field_for_a_trait(module: object) -> None:
    structs = [v for v in vars(module).values() if isinstance(v, type) and issubclass(v, msgspec.Struct)]
    assert structs or module is None
    for struct in structs:
        assert not {f for f in struct.__struct_fields__ if _words(f) & PROTECTED}


@pytest.mark.parametrize("app", ["monitoring", "alerts", "cases", "audit", "accounts", "checkins", "records"])
def test_no_table_has_a_position_that_could_be_searched_across_people(app: str) -> None:
    for model in apps.get_app_config(app).get_models():
        fields = {field.name for field in model._meta.get_fields()}
        assert not {name for name in fields if _words(name) & PLACE_WORDS}, model


def _patterns(resolver: URLResolver, prefix: str = "") -> list[str]:
    found: list[str] = []
    for entry in resolver.url_patterns:
        route = prefix + str(entry.pattern)
        found += _patterns(entry, route) if isinstance(entry, URLResolver) else [route]
        assert isinstance(entry, (URLResolver, URLPattern))
    return found


def test_no_address_asks_who_was_near_a_place() -> None:
    routes = _patterns(get_resolver())
    assert routes
    for route in routes:
        assert (
            not _words(route.replace("/", "_").replace("<", "_").replace(">", "_").replace(":", "_")) & PLACE_WORDS
        ), route


def test_an_order_that_does_not_name_photographs_allows_none() -> None:
    terms = OrderTerms(
        order_type="community",
        legal_basis="Sentencing Act (invented) s. 1",
        issuing_authority="Example Court",
        decision_sha256="ab" * 32,
        starts_ms=0,
        ends_ms=1,
        review_due_ms=1,
    )
    assert set(DATA_KINDS) - set(terms.data_kinds) == {"photo"}


def test_faces_are_read_in_the_face_room_alone() -> None:
    readers = {"onnxruntime", "cv2", "dlib", "face_recognition", "insightface", "torch", "mediapipe"}
    for file in SURETY.rglob("*.py"):
        room = file.relative_to(SURETY).parts
        if "tests" not in room and room[0] != "faces":
            imported = {name.split(".")[0] for name in _imports(ast.parse(file.read_text()))}
            assert not imported & readers, file


def _imports(tree: ast.AST) -> set[str]:
    found = {alias.name for node in ast.walk(tree) if isinstance(node, ast.Import) for alias in node.names}
    return found | {node.module for node in ast.walk(tree) if isinstance(node, ast.ImportFrom) and node.module}
