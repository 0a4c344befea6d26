"""The lines of the design that the code itself can be asked about (docs/lines.md names the test of each)."""

import ast
import re
from pathlib import Path

import msgspec
import pytest
from django.apps import apps
from django.urls import URLPattern, URLResolver, get_resolver

from surety.rules import conditions, facts, findings
from surety.server.cases import traits
from surety.server.cases.checks import DATA_KINDS, OrderTerms
from surety.server.cases.models import Person

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


# Where findings, alerts and check-ins come about. Nothing there may name a record field that is protected.
CONCLUDING = ("rules", "server/monitoring", "server/alerts", "server/checkins")
CONCLUDING_FILES = sorted(
    file for room in CONCLUDING for file in (SURETY / room).rglob("*.py") if not {"tests", "migrations"} & {*file.parts}
)


def _protected_reads(source: str) -> set[str]:
    """The protected fields that a file names, as an attribute, a name, a text (also in a query) or an import."""
    tree = ast.parse(source)
    texts = {n.value for n in ast.walk(tree) if isinstance(n, ast.Constant) and isinstance(n.value, str)}
    texts |= {n.arg for n in ast.walk(tree) if isinstance(n, ast.keyword) and n.arg}
    named = _identifiers(tree) | {part for text in texts for part in re.split(r"[^a-z_]+|__", text)}
    imported = {module for module in _imports(tree) if module.startswith("surety.server.cases.traits")}
    imported |= {
        f"{node.module}.{alias.name}"
        for node in ast.walk(tree)
        if isinstance(node, ast.ImportFrom)
        for alias in node.names
        if alias.name in ("traits", "TRAITS")
    }
    return (named & set(traits.TRAITS)) | imported


@pytest.mark.parametrize("file", CONCLUDING_FILES, ids=lambda f: str(f.relative_to(SURETY)))
def test_nothing_that_concludes_reads_or_imports_a_protected_field(file: Path) -> None:
    assert _protected_reads(file.read_text()) == set()


@pytest.mark.parametrize(
    "source",
    [
        "def rule(person):\n    return person.nationality == 'x'",
        "people.filter(date_of_birth__lt='2000-01-01')",
        "Person.objects.values_list('pk', 'sex')",
        "getattr(person, 'ethnicity')",
        "Alert.objects.values('person__disabilities')",
        "from surety.server.cases.traits import record_fields",
        "from surety.server.cases import traits",
        "import surety.server.cases.traits",
    ],
)
def test_the_check_of_protected_fields_finds_each_way_to_read_one(source: str) -> None:
    assert _protected_reads(source)


def test_every_trait_on_record_is_among_the_protected_ones() -> None:
    on_record = {field.name for field in Person._meta.get_fields() if _words(field.name) & PROTECTED}
    assert on_record <= set(traits.TRAITS)
    assert set(traits.TRAITS) <= {field.name for field in Person._meta.get_fields()}


@pytest.mark.parametrize("app", ["monitoring", "alerts", "cases", "audit", "accounts", "checkins", "records", "portal"])
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


def _asked(file: Path) -> set[str]:
    """What a view reads from the address: request.GET["x"], request.GET.get("x"), request.GET.getlist("x")."""
    found = set()
    for node in ast.walk(ast.parse(file.read_text())):
        of, name = None, None
        if isinstance(node, ast.Subscript):
            of, name = node.value, node.slice
        elif isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.args:
            of, name = node.func.value, node.args[0]
        if isinstance(of, ast.Attribute) and of.attr == "GET" and isinstance(name, ast.Constant):
            found.add(str(name.value))
    return found


def test_no_page_takes_a_place_as_a_question() -> None:
    """Beside the addresses: no parameter of any page asks for who was somewhere."""
    asked = {file: _asked(file) for file in (SURETY / "server").rglob("*.py") if "tests" not in file.parts}
    assert {"action", "person"} <= set().union(*asked.values())
    for file, names in asked.items():
        assert not {name for name in names if _words(name) & PLACE_WORDS}, file


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
