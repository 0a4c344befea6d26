"""Settings are read from a file and the environment; whatever is wrong is refused with the line to mend."""

from pathlib import Path

import pytest

from surety.settings import SETTINGS, Settings, SettingsError, commented_file, load


@pytest.fixture
def file(tmp_path, monkeypatch) -> Path:
    monkeypatch.chdir(tmp_path)
    return tmp_path / "mine.toml"


def refused(file: Path | None, text: str = "", env: dict[str, str] | None = None) -> str:
    if file is not None:
        file.write_text(text)
    with pytest.raises(SettingsError) as error:
        load(file, env or {})
    return str(error.value)


def test_without_anything_the_defaults_hold(file):
    settings = load(None, {})
    assert (settings.web_port, settings.door_port, settings.clock) == (8000, 5055, "system")
    assert settings.secret_file == settings.data_dir / "secret.key"


def test_a_file_in_the_working_directory_is_found(file):
    Path("surety.toml").write_text("web_port = 9000\n")
    assert load(None, {}).web_port == 9000


def test_the_environment_takes_the_place_of_the_file(file):
    file.write_text("web_port = 9000\ndebug = true\n")
    settings = load(None, {"SURETY_SETTINGS": str(file), "SURETY_WEB_PORT": "9001", "SURETY_DEBUG": "false"})
    assert (settings.web_port, settings.debug) == (9001, False)


def test_a_relative_data_directory_starts_at_the_file(file):
    file.write_text('data_dir = "data"\n')
    assert load(file, {}).data_dir == file.parent / "data"


def test_every_setting_may_come_from_the_environment(file):
    given = {f"SURETY_{name.upper()}": str(getattr(load(None, {}), name)) for name in Settings.__struct_fields__}
    assert load(None, {name: value.lower() if value == "False" else value for name, value in given.items()}) == load(
        None, {}
    )


def test_every_setting_is_checked_and_explained():
    assert set(SETTINGS) == set(Settings.__struct_fields__)


def test_an_unknown_setting_is_refused_with_its_line_and_the_name_that_was_meant(file):
    said = refused(file, '# mine\n\nagency_name = "North"\nweb_prt = 80\n')
    assert said == f'{file}:4: there is no setting "web_prt"; write "web_port"'


def test_an_unknown_section_is_refused_with_its_line(file):
    assert f"{file}:2:" in refused(file, "\n[server]\nport = 1\n")


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        ('web_port = "many"', "whole number from 1 to 65535"),
        ("web_port = 70000", "whole number from 1 to 65535"),
        ("web_port = true", "whole number from 1 to 65535"),
        ('data_dir = ""', "path of a folder"),
        ("data_dir = 3", "text in quotes"),
        ('database_url = "mysql://x/y"', "postgresql://"),
        ('host = "not a host"', "127.0.0.1"),
        ('master_key_wrap = "vault \'write"', "its quotes closed"),
        ('web_origin = "surety.example"', "https://surety.example"),
        ('web_origin = "https://surety.example/path"', "https://surety.example"),
        ('clock = "fast"', "system"),
        ('clock = "scaled:1:2:9999"', "3600"),
        ('map_tiles = "https://elsewhere/tiles.png"', "XYZ template"),
        ('map_tiles = "ftp://elsewhere/{z}/{x}/{y}.png"', "XYZ template"),
        ('map_geojson = "town.shp"', ".geojson"),
        ('agency_name = " "', "1 to 80 letters"),
        ('debug = "perhaps"', "true or false"),
        ("debug = 3", "true or false"),
    ],
)
def test_a_bad_value_is_refused_with_its_line_and_what_to_write(file, line, expected):
    said = refused(file, f"\n\n{line}\n")
    assert said.startswith(f"{file}:3: {line.split(' ')[0]} cannot be ")
    assert expected in said


def test_a_file_that_is_not_toml_is_refused_with_its_line(file):
    assert refused(file, "web_port = 80\nhost = \n").startswith(f"{file}:2: this is not TOML")


def test_a_file_that_is_not_there_is_named(file):
    assert "surety init" in refused(None, env={"SURETY_SETTINGS": "/nowhere/surety.toml"})


def test_an_unknown_variable_is_refused_by_name(file):
    said = refused(None, env={"SURETY_WEBPORT": "80"})
    assert said == 'environment variable SURETY_WEBPORT: there is no setting "webport"; write "web_port"'


def test_a_bad_variable_is_refused_by_name(file):
    assert refused(None, env={"SURETY_DOOR_PORT": "x"}).startswith("environment variable SURETY_DOOR_PORT: door_port")


def test_the_variables_of_the_development_tree_are_let_be(file):
    load(None, {"SURETY_SHARED": "../shared", "SURETY_MODELS": "../models", "PATH": "/bin"})


def test_a_password_in_a_bad_database_address_is_not_repeated(file):
    assert "hunter2" not in refused(file, 'database_url = "mysql://me:hunter2@db/x"\n')


def test_two_services_cannot_share_a_port(file):
    assert "both 8000" in refused(file, "door_port = 8000\n")


def test_a_key_service_that_could_not_unwrap_is_refused(file):
    assert "set both" in refused(file, 'master_key_wrap = "wrap"\n')
    file.write_text('master_key_unwrap = "unwrap"\n')  # for what it still keeps, while new ones stand in the file
    assert load(file, {}).master_key_unwrap == "unwrap"


def test_the_commented_file_is_valid_and_so_is_every_example_in_it(file):
    text = commented_file({"data_dir": '"here"'})
    file.write_text(text)
    assert load(file, {}).data_dir == file.parent / "here"
    file.write_text("".join(line.removeprefix("# ") + "\n" for line in text.splitlines() if " = " in line))
    assert load(file, {}).agency_name == "Northgate Probation"


def test_the_page_for_operators_names_every_setting():
    page = (Path(__file__).parents[2] / "docs" / "settings.md").read_text()
    assert all(f"`{name}`" in page for name in SETTINGS)
