"""What every log promises, over each driver: the same tests on SQLite and PostgreSQL."""

import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import msgspec
import pytest

from surety.stream.asides import ChainAt, DeviceNote, Linked, Mark
from surety.stream.contract import PARTITIONS, Entry, StreamUnavailableError, partition_of
from surety.stream.refusals import KEPT_REFUSALS, RefusalNote
from surety.stream.sql import PostgresStream, SqliteStream, SqlStream

Opener = Callable[[], SqlStream]


@pytest.fixture(params=["sqlite", pytest.param("postgres", marks=pytest.mark.postgres)])
def opener(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Opener]:
    """Opens one and the same log, each time as another process would."""
    opened: list[SqlStream] = []
    url = request.getfixturevalue("postgres_url") if request.param == "postgres" else ""

    def open_one() -> SqlStream:
        opened.append(PostgresStream(url) if url else SqliteStream(tmp_path / "log.sqlite3"))
        return opened[-1]

    yield open_one
    for one in opened:
        one.close()


@pytest.fixture
def stream(opener: Opener) -> SqlStream:
    return opener()


def entry(n: int, person: str = "") -> Entry:
    return Entry(person or f"person-{n}", f"device-{n}", "osmand", 1_700_000_000_000 + n, (b"\x00fix%d" % n, b""))


def test_what_was_appended_is_read_back_as_it_was(stream: SqlStream) -> None:
    seqs = stream.append([entry(1), entry(2)])
    records = stream.read(0, 10)
    assert [record.seq for record in records] == seqs
    assert [record.entry for record in records] == [entry(1), entry(2)]
    assert [record.partition for record in records] == [partition_of("person-1"), partition_of("person-2")]


@pytest.mark.parametrize("count", [1, 63, 64, 65, 1500])
def test_a_group_of_any_size_keeps_its_order(stream: SqlStream, count: int) -> None:
    seqs = stream.append([entry(n) for n in range(count)])
    assert len(set(seqs)) == count
    assert seqs == sorted(seqs)
    records = stream.read(0, count + 1)
    assert [(record.seq, record.entry) for record in records] == list(zip(seqs, map(entry, range(count)), strict=True))


def test_nothing_appended_gives_no_number(stream: SqlStream) -> None:
    assert stream.append([]) == []
    assert stream.last_seq() == 0
    assert stream.read(0, 10) == []


def test_reading_goes_on_after_a_position_and_stops_at_the_limit(stream: SqlStream) -> None:
    seqs = stream.append([entry(n) for n in range(5)])
    assert [record.seq for record in stream.read(seqs[1], 2)] == seqs[2:4]
    assert stream.read(seqs[-1], 10) == []
    assert stream.last_seq() == seqs[-1]


def test_a_reader_of_some_partitions_sees_those_alone(stream: SqlStream) -> None:
    stream.append([entry(n) for n in range(200)])
    mine = frozenset(range(0, PARTITIONS, 3))
    got = stream.read(0, 1000, mine)
    assert {record.partition for record in got} <= mine
    rest = stream.read(0, 1000, frozenset(range(PARTITIONS)) - mine)
    assert sorted(record.seq for record in [*got, *rest]) == [record.seq for record in stream.read(0, 1000)]
    assert stream.read(0, 1000, frozenset()) == []


def test_another_process_sees_what_was_acknowledged(stream: SqlStream, opener: Opener) -> None:
    seqs = stream.append([entry(1)])
    assert [record.seq for record in opener().read(0, 10)] == seqs


def test_trimming_deletes_up_to_a_position_and_never_gives_a_number_again(stream: SqlStream) -> None:
    seqs = stream.append([entry(n) for n in range(4)])
    assert stream.trim(seqs[1]) == 2
    assert [record.seq for record in stream.read(0, 10)] == seqs[2:]
    assert stream.trim(seqs[-1]) == 2
    assert stream.last_seq() == 0
    assert stream.append([entry(9)])[0] > seqs[-1]


def test_erasing_deletes_one_devices_records_up_to_a_position_and_no_others(stream: SqlStream) -> None:
    theirs = msgspec.structs.replace(entry(1), device_id="link-1")
    seqs = stream.append([theirs, entry(2), theirs, theirs])
    assert stream.erase("link-1", seqs[2]) == 2
    assert [record.seq for record in stream.read(0, 10)] == [seqs[1], seqs[3]]
    assert stream.erase("somebody-else", seqs[3]) == 0


def test_erasing_a_person_leaves_nothing_of_theirs_and_everything_of_others(stream: SqlStream) -> None:
    theirs = msgspec.structs.replace(entry(1), person_id="erased-person")
    chain = ChainAt("watch-9", "key", 1, (), (), 1, 5)
    mark = Mark("seen", "watch-9", "erased-person", "asked", "", 5)
    stream.append_linked([theirs, entry(2)], [Linked((), chain, (mark,))])
    last = stream.append([theirs])[0]
    assert stream.erase_person("erased-person", last - 1) == 1
    assert [record.entry.person_id for record in stream.read(0, 10)].count("erased-person") == 1
    assert stream.erase_person("erased-person", last) == 1
    assert [record.entry for record in stream.read(0, 10)] == [entry(2)]
    assert stream.marks(10) == []


def test_what_was_erased_of_a_person_is_in_no_file_of_the_log(tmp_path: Path) -> None:
    stream = SqliteStream(tmp_path / "log.sqlite3")
    theirs = msgspec.structs.replace(entry(1), person_id="erased-person", facts=(b"where they were",) * 200)
    last = stream.append([theirs, entry(2)])[-1]
    assert _found_in_files(tmp_path, b"where they were")
    stream.erase_person("erased-person", last)
    assert not _found_in_files(tmp_path, b"where they were")
    assert not _found_in_files(tmp_path, b"erased-person")
    stream.close()


def _found_in_files(folder: Path, text: bytes) -> bool:
    return any(text in file.read_bytes() for file in folder.iterdir())


def test_a_message_appended_twice_is_there_twice(stream: SqlStream) -> None:
    stream.append([entry(1)])
    stream.append([entry(1)])
    assert [record.entry for record in stream.read(0, 10)] == [entry(1), entry(1)]


def test_a_reader_never_skips_while_several_processes_append(opener: Opener) -> None:
    """Each writer has its own connection; a reader that follows by position must meet every record once, in order."""
    writers, groups, size = 4, 25, 7
    finished = [threading.Event() for _ in range(writers)]

    def write(index: int) -> None:
        stream = opener()
        for group in range(groups):
            stream.append([entry(n, f"w{index}-{group}-{n}") for n in range(size)])
        finished[index].set()

    threads = [threading.Thread(target=write, args=(index,)) for index in range(writers)]
    for thread in threads:
        thread.start()
    reader, position, seen = opener(), 0, []
    while True:
        all_written = all(event.is_set() for event in finished)
        records = reader.read(position, 50)
        if all_written and not records:
            break
        seen += [record.entry.person_id for record in records]
        position = records[-1].seq if records else position
    for thread in threads:
        thread.join()
    assert len(seen) == len(set(seen)) == writers * groups * size


def test_threads_share_one_log(stream: SqlStream) -> None:
    seqs: list[int] = []
    threads = [threading.Thread(target=lambda n=n: seqs.extend(stream.append([entry(n)]))) for n in range(16)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(seqs) == [record.seq for record in stream.read(0, 100)]


def test_closing_loses_nothing_and_a_closed_log_opens_again(stream: SqlStream) -> None:
    stream.append([entry(1)])
    stream.close()
    stream.append([entry(2)])
    stream.close()
    assert [record.entry for record in stream.read(0, 10)] == [entry(1), entry(2)]


def test_the_memory_of_unknown_devices_adds_up_and_is_bounded(stream: SqlStream) -> None:
    stream.record_refusals([RefusalNote("tag", "osmand", 5, 10, 2)])
    stream.record_refusals([RefusalNote("tag", "osmand", 20, 30, 3)])
    assert stream.refusals() == [RefusalNote("tag", "osmand", 5, 30, 5)]
    stream.record_refusals([RefusalNote(f"guess-{n}", "osmand", 40 + n, 40 + n, 1) for n in range(KEPT_REFUSALS)])
    kept = stream.refusals()
    assert len(kept) == KEPT_REFUSALS
    assert "tag" not in {note.identifier for note in kept}


def test_a_probe_of_a_writable_log_leaves_no_record(stream: SqlStream) -> None:
    stream.probe()
    stream.probe()
    assert stream.last_seq() == 0


def test_processes_that_start_at_once_on_a_new_log_all_get_it(opener: Opener) -> None:
    streams = [opener() for _ in range(8)]
    barrier, failures = threading.Barrier(len(streams)), []

    def first_use(index: int) -> None:
        barrier.wait()
        try:
            streams[index].append([entry(index)])
        except StreamUnavailableError as error:
            failures.append(error)

    threads = [threading.Thread(target=first_use, args=(index,)) for index in range(len(streams))]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert failures == []
    assert len(streams[0].read(0, 100)) == len(streams)


# --- what the door keeps beside the records


def linked(version: int, *marks: Mark, entries: tuple[Entry, ...] = (), device: str = "dev") -> Linked:
    hashes, ids = tuple(f"{n:064x}" for n in range(version)), tuple(f"{n:032x}" for n in range(version + 1))
    return Linked(entries, ChainAt(device, "k1", version, hashes, ids, version, 1_700_000_000_000 + version), marks)


def test_a_chain_is_kept_with_its_records(stream: SqlStream, opener: Opener) -> None:
    assert stream.chain("dev") is None
    assert stream.append_linked([entry(1)], [linked(1, entries=(entry(2), entry(3)))]) == [True]
    assert stream.append_linked([], [linked(2), linked(1, device="other")]) == [True, True]
    assert opener().chain("dev") == linked(2).chain
    assert stream.chain("other") == linked(1, device="other").chain
    assert [record.entry for record in stream.read(0, 10)] == [entry(1), entry(2), entry(3)]


def test_of_a_chain_that_has_moved_meanwhile_nothing_is_written_and_the_others_are(stream: SqlStream) -> None:
    stream.append_linked([], [linked(1)])
    late = linked(1, Mark("seen", "dev", "ann", "c1", "", 5), entries=(entry(7),))
    ahead = linked(3, entries=(entry(8),))
    good = linked(1, entries=(entry(9),), device="other")
    assert stream.append_linked([entry(1)], [late, ahead, good]) == [False, False, True]
    assert stream.chain("dev") == linked(1).chain
    assert stream.marks(10) == []
    assert [record.entry for record in stream.read(0, 10)] == [entry(1), entry(9)]


def test_processes_that_move_one_chain_at_once_move_it_one_after_the_other(opener: Opener) -> None:
    streams, barrier, written = [opener() for _ in range(4)], threading.Barrier(4), []

    def move(index: int) -> None:
        barrier.wait()
        for _ in range(10):
            at = streams[index].chain("dev")
            version = (at.version if at else 0) + 1
            if streams[index].append_linked([], [linked(version, entries=(entry(version),))]) == [True]:
                written.append(version)

    threads = [threading.Thread(target=move, args=(index,)) for index in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    at = streams[0].chain("dev")
    assert at is not None
    assert sorted(written) == list(range(1, at.version + 1))
    assert [record.entry for record in streams[0].read(0, 100)] == [entry(n) for n in range(1, at.version + 1)]


def test_marks_wait_in_order_until_they_are_dropped(stream: SqlStream) -> None:
    seen = Mark("seen", "dev", "ann", "c1", "", 5)
    push = Mark("push", "dev", "ann", "key", '{"endpoint": "https://push.example"}', 6)
    stream.append_linked([entry(1)], [linked(1, seen), linked(2, push, seen)])
    waiting = stream.marks(10)
    assert [mark for _, mark in waiting] == [seen, push, seen]
    assert [mark for _, mark in stream.marks(1)] == [seen]
    stream.drop_marks([number for number, _ in waiting[:2]])
    assert [mark for _, mark in stream.marks(10)] == [seen]


def test_notes_of_a_device_add_up_by_kind(stream: SqlStream) -> None:
    stream.record_notes([DeviceNote("dev", "heard", 5, 5, 1), DeviceNote("dev", "gap", 6, 6, 2)])
    stream.record_notes([DeviceNote("dev", "heard", 7, 9, 3), DeviceNote("other", "gap", 1, 1, 1)])
    assert stream.notes("dev") == [DeviceNote("dev", "gap", 6, 6, 2), DeviceNote("dev", "heard", 5, 9, 4)]


@pytest.mark.parametrize("count", [0, 1, 64, 65, 300])
def test_records_beside_a_chain_keep_their_order_whatever_their_number(stream: SqlStream, count: int) -> None:
    stream.append_linked([entry(n) for n in range(count)], [linked(1)])
    assert [record.entry for record in stream.read(0, count + 1)] == list(map(entry, range(count)))
