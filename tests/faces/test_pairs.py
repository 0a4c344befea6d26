"""Lists of pairs and of groups as people write them, right and wrong."""

import re
from collections.abc import Callable
from pathlib import Path

import pytest

from surety.faces.evaluation.pairs import Folder, InputError, Pair, contradictions, read_groups, read_pairs

Write = Callable[[str], Path]
LFW = "2\t1\nada\t1\t2\nada\t1\tben\t1\nben\t1\t2\nada\t2\tben\t2\n"


@pytest.fixture
def folder(tmp_path: Path) -> Folder:
    for name in ("ada/ada_0001.jpg", "ada/ada_0002.png", "ben/ben_0001.jpg", "ben/ben_0002.jpg"):
        path = tmp_path / "pictures" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(b"-")
    (tmp_path / "secret.jpg").write_bytes(b"-")
    return Folder(tmp_path / "pictures")


@pytest.fixture
def write(tmp_path: Path) -> Write:
    def written(text: str) -> Path:
        path = tmp_path / "list.txt"
        path.write_text(text)
        return path

    return written


def test_lfws_list_has_folds_people_and_pictures_of_any_format(folder: Folder, write: Write) -> None:
    found = read_pairs(write(LFW), folder)
    assert found.folds == 2
    assert found.pairs[0] == Pair("ada/ada_0001.jpg", "ada/ada_0002.png", same=True, fold=0)
    assert found.pairs[3] == Pair("ada/ada_0002.png", "ben/ben_0002.jpg", same=False, fold=1)
    assert found.subjects["ben/ben_0001.jpg"] == "ben"


@pytest.mark.parametrize("separator", [",", "\t", ", "])
@pytest.mark.parametrize("head", ["", "one,other,same\n", "# made by hand\n\n"])
def test_a_plain_list_has_two_files_and_whether_they_show_one_person(
    folder: Folder, write: Write, separator: str, head: str
) -> None:
    text = head + "ada/ada_0001.jpg,ada/ada_0002.png,1\nada/ada_0001.jpg,ben/ben_0001.jpg,0\n"
    found = read_pairs(write(text.replace(",", separator)), folder)
    one = Pair("ada/ada_0001.jpg", "ada/ada_0002.png", same=True)
    assert found == ([one, Pair("ada/ada_0001.jpg", "ben/ben_0001.jpg", same=False)], 0, {})


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("", "the list of pairs is empty"),
        (
            LFW.replace("ben\t1\t2\n", ""),
            "list.txt:1: announces 2 folds of 1 pairs of one person and 1 of two; 3 lines",
        ),
        (LFW.replace("ada\t1\t2", "ada\tone\t2"), 'list.txt:2: expected "name 1 2"'),
        (LFW.replace("ada\t1\t2", "ada\t1"), 'list.txt:2: expected "name 1 2"'),
        (LFW.replace("ada\t1\t2", "cat\t1\t2"), "2 of the 6 pictures are not in"),
        (
            "ada/ada_0001.jpg,ada/ada_0002.png,1\nada/ada_0001.jpg\n",
            "list.txt:2: expected file, file, 1 or 0; there are 1",
        ),
        (
            "a.jpg,b.jpg,1\na.jpg,b.jpg,yes\n",
            'list.txt:2: the third field must be 1 (one person) or 0 (two), not "yes"',
        ),
        ("a.jpg,,1\n", "list.txt:1: expected file, file, 1 or 0; a file name is empty"),
        ("ada/ada_0001.jpg,ben/ben_0001.jpg,0\n", "there is no pair of one person in it"),
        ("x.jpg,y.jpg,1\n", "2 of the 2 pictures are not in"),
    ],
)
def test_a_list_that_is_wrong_says_where(folder: Folder, write: Write, text: str, sentence: str) -> None:
    with pytest.raises(InputError, match=re.escape(sentence)):
        read_pairs(write(text), folder)


@pytest.mark.parametrize("name", ["../secret.jpg", "/etc/passwd", "ada", "link.jpg", "\0", "x" * 5000])
def test_nothing_outside_the_folder_is_read(folder: Folder, write: Write, tmp_path: Path, name: str) -> None:
    (folder.path / "link.jpg").symlink_to(tmp_path / "secret.jpg")
    with pytest.raises(InputError, match="1 of the 2 pictures are not in"):
        read_pairs(write(f"ada/ada_0001.jpg,{name},1\n"), folder)


def test_a_file_that_is_none_says_so(folder: Folder, tmp_path: Path) -> None:
    with pytest.raises(InputError, match="cannot be read"):
        read_pairs(tmp_path / "nowhere.txt", folder)
    (tmp_path / "binary").write_bytes(b"\xff\xd8\xff\xe0")
    with pytest.raises(InputError, match="no text"):
        read_pairs(tmp_path / "binary", folder)
    with pytest.raises(InputError, match="no such folder"):
        Folder(tmp_path / "nowhere")


def test_groups_are_given_by_person_or_by_picture(folder: Folder, write: Write) -> None:
    known = read_pairs(write(LFW), folder).subjects
    by_person = read_groups(write("subject,age\nada,old\nben,young\n"), folder, known)
    assert by_person.columns == {"age": dict(zip(sorted(known), ["old", "old", "young", "young"], strict=True))}
    by_picture = read_groups(
        write("file,subject,light\nada/ada_0001.jpg,ada,dark\nben/ben_0001.jpg,ben,\n"), folder, {}
    )
    assert by_picture.subjects == {"ada/ada_0001.jpg": "ada", "ben/ben_0001.jpg": "ben"}
    assert by_picture.columns == {"light": {"ada/ada_0001.jpg": "dark", "ben/ben_0001.jpg": ""}}


@pytest.mark.parametrize(
    ("text", "known", "sentence"),
    [
        ("", {}, 'list.txt:1: expected a heading with "file" or "subject"'),
        ("name,age\nada,1\n", {}, 'list.txt:1: expected a heading with "file" or "subject"'),
        ("file,age,age\n", {}, "list.txt:1: expected a heading"),
        ("subject,age\nada,1\n", {}, "does not tell who is on a picture"),
        ("subject,age\nada,1\nada,2\n", {"x": "ada"}, 'list.txt:3: "ada" stands here a second time'),
        ("subject,age\nada\n", {"x": "ada"}, "list.txt:2: the heading has 2 fields, this line 1"),
        ("file,age\nnone.jpg,1\n", {}, "1 pictures are not in"),
    ],
)
def test_groups_that_are_wrong_say_where(
    folder: Folder, write: Write, text: str, known: dict[str, str], sentence: str
) -> None:
    with pytest.raises(InputError, match=re.escape(sentence)):
        read_groups(write(text), folder, known)


def test_pairs_that_the_subjects_contradict_are_found() -> None:
    pairs = [Pair("a", "b", same=True), Pair("a", "c", same=False), Pair("b", "c", same=True)]
    assert contradictions(pairs, {"a": "ada", "b": "ada", "c": "ada"}) == [pairs[1]]
    assert contradictions(pairs, {"a": "ada"}) == []
