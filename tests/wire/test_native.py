"""What a watch says (docs/watch.md): read as it was meant, refused in one sentence, and never an exception."""

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from surety.rules.facts import DeviceEvent, DeviceReport, Fix, ProblemTold, Topic, decode, encode
from surety.wire import chain, checks, native, signing
from surety.wire.chain import Chain, Link, follow
from surety.wire.contract import Reason, Rejected
from surety.wire.native import Push, Request, Said, Signed
from surety.wire.signing import Algorithm, Key
from tests.gateway.watch_client import DeviceKey, Watch, b64url, sha256

NOW = 1_760_000_000_000
WATCH = Watch(device="watch")
JSON = st.recursive(
    st.one_of(
        st.none(), st.booleans(), st.integers(), st.floats(), st.text(st.characters(exclude_categories=()), max_size=20)
    ),
    lambda inner: st.one_of(
        st.lists(inner, max_size=4),
        st.dictionaries(
            st.sampled_from(
                ["device", "sent_ms", "signature", "messages", "body", "seq", "prev", "clock_ms", "type", "lat", "lon",
                 "events", "topic", "words", "check_in_id", "photos", "turn", "tries", "subscription", "endpoint",
                 "from_seq", "battery_pct", "code", "algorithm", "public_key"]
            ),
            inner,
            max_size=8,
        ),
    ),
    max_leaves=25,
)  # fmt: skip


def key_of(watch: Watch) -> Key:
    key = signing.read_key(watch.key.algorithm, watch.key.public_key)
    assert key is not None
    return key


def said(type_: str, clock_ms: int = NOW, sent_ms: int = NOW, **more: Any) -> Signed:
    """One message through the reader."""
    watch = Watch(device="watch")
    watch.say(type_, clock_ms, **more)
    request = native.read_request(watch.request(sent_ms))
    assert isinstance(request, Request)
    (read,) = native.read_messages(request, key_of(watch), NOW)
    assert isinstance(read, Signed)
    return read


def refusal(read: Signed) -> Reason:
    assert read.what is None
    (why,) = read.refused
    assert why.sentence.endswith(".")
    return why.reason


@pytest.mark.parametrize("algorithm", list(Algorithm))
def test_a_signature_holds_for_its_text_and_key_alone(algorithm: str) -> None:
    mine, other = DeviceKey(algorithm), DeviceKey(algorithm)
    key = signing.read_key(algorithm, mine.public_key)
    assert key is not None
    signature = mine.sign("surety-request-v1\nwatch\n5")
    assert key.signed(signing.request_text("watch", 5), signature)
    assert not key.signed(signing.request_text("watch", 6), signature)
    assert not key.signed(signing.message_text("watch", "5"), signature)
    assert not key.signed(signing.request_text("watch", 5), other.sign("surety-request-v1\nwatch\n5"))
    assert not key.signed(signing.request_text("watch", 5), signature + "=")
    assert not key.signed(signing.request_text("watch", 5), b64url(bytes(64)))


def test_bytes_that_are_no_point_or_of_another_length_are_no_key() -> None:
    assert signing.read_key("Ed25519", b64url(bytes(31))) is None
    assert signing.read_key("P-256", b64url(b"\x04" + bytes(64))) is None
    compressed = b"\x02" + bytes.fromhex("6b17d1f2e12c4247f8bce6e563a440f277037d812deb33a0f4a13945d898c296")
    assert signing.read_key("P-256", b64url(compressed)) is None
    assert signing.read_key("RSA", b64url(bytes(32))) is None


@given(st.sampled_from(["Ed25519", "P-256", ""]), st.text(max_size=100), st.text(max_size=100), st.binary(max_size=50))
def test_no_text_makes_a_key_or_a_signature_raise(algorithm: str, public: str, signature: str, text: bytes) -> None:
    assert signing.read_key(algorithm, public) is None or len(public) in {43, 87}
    assert not key_of(WATCH).signed(text, signature)


@given(st.binary(max_size=200))
def test_base64url_is_read_back_as_it_was_written(data: bytes) -> None:
    assert signing.unb64(signing.b64(data)) == data


@given(st.binary(max_size=400))
def test_no_bytes_make_a_request_or_an_enrolment_raise(body: bytes) -> None:
    assert isinstance(native.read_request(body), Request | Rejected)
    assert isinstance(native.read_enrolment(body), Rejected)


@given(JSON)
def test_no_json_makes_a_request_or_an_enrolment_raise(data: Any) -> None:
    body = json.dumps(data).encode()
    for read in (native.read_request(body), native.read_enrolment(body)):
        if isinstance(read, Rejected):
            assert read.sentence.endswith(".")
            assert "\n" not in read.sentence


@given(JSON, st.integers(0, 2**53))
def test_no_signed_body_makes_the_reader_raise_and_what_it_reads_can_be_kept(data: Any, sent_ms: int) -> None:
    body = json.dumps(data)
    answered(body, sent_ms)


@given(
    st.sampled_from(["fix", "report", "sos", "problem", "seen", "check_in", "push", "lost", "else"]),
    st.integers(-5, 2**54),
    st.dictionaries(
        st.sampled_from(["lat", "lon", "accuracy_m", "events", "battery_pct", "topic", "words", "check_in_id", "photos",
                         "turn", "tries", "forced", "subscription", "from_seq", "speed_mps"]),
        JSON,
    ),
)  # fmt: skip
def test_no_member_of_a_message_makes_the_reader_raise(type_: str, clock_ms: int, more: dict[str, Any]) -> None:
    answered(json.dumps({"seq": 1, "prev": "", "clock_ms": clock_ms, "type": type_, **more}), NOW)


def answered(body: str, sent_ms: int) -> None:
    signature = WATCH.key.sign(f"surety-message-v1\nwatch\n{body}")
    request = Request("watch", sent_ms, "", [Said(body, signature)])
    (read,) = native.read_messages(request, key_of(WATCH), NOW)
    if isinstance(read, Rejected):
        assert read.reason is Reason.MALFORMED
        return
    assert (read.what is None) <= bool(read.refused)
    if read.what is not None and not isinstance(read.what, native.Seen | Push):
        assert decode(encode(read.what)) == read.what
        assert NOW - checks.MAX_AGE_MS <= read.what.at_ms <= NOW


def test_a_deep_body_is_refused_and_ends_nothing() -> None:
    answered('{"seq":1,"prev":"","clock_ms":1,"type":"sos","x":' + "[" * 20_000 + "]" * 20_000 + "}", NOW)
    assert isinstance(native.read_request(b'{"device":' + b"[" * 50_000), Rejected)


def test_the_same_message_is_the_same_fact_whenever_it_comes() -> None:
    watch = Watch(device="watch")
    watch.say("sos", NOW)
    facts = []
    for received_ms in (NOW, NOW + 86_400_000):
        request = native.read_request(watch.request(received_ms))
        assert isinstance(request, Request)
        (read,) = native.read_messages(request, key_of(watch), received_ms)
        assert isinstance(read, Signed)
        facts.append(read.what)
    assert isinstance(facts[0], DeviceReport)
    assert isinstance(facts[1], DeviceReport)
    assert facts[0].id == facts[1].id


def test_a_message_that_is_numbered_anew_is_the_same_fact_and_another_one_is_not() -> None:
    watch, key = Watch(device="watch"), key_of(WATCH)
    bodies_said = [
        watch.say("problem", NOW, topic="other", words="Please call."),
        watch.say("problem", NOW, topic="other", words="Please call."),
        watch.say("problem", NOW + 1, topic="other", words="Please call."),
    ]
    watch.key = WATCH.key
    request = native.read_request(watch.request(NOW, bodies_said))
    assert isinstance(request, Request)
    told = [read.what for read in native.read_messages(request, key, NOW) if isinstance(read, Signed)]
    ids = [problem.id for problem in told if isinstance(problem, ProblemTold)]
    assert len(ids) == 3
    assert ids[0] == ids[1] != ids[2]


@given(st.integers(-(10**12), 10**12), st.integers(0, checks.MAX_AGE_MS), st.integers(0, 60_000))
def test_a_clock_that_is_wrong_by_a_constant_changes_no_time(off_ms: int, age_ms: int, way_ms: int) -> None:
    sent_ms = NOW + off_ms
    assert native.event_ms(sent_ms - age_ms, sent_ms, NOW + way_ms) == NOW + way_ms - age_ms


def test_an_age_below_nothing_is_none_and_one_of_more_than_31_days_is_refused() -> None:
    assert native.event_ms(NOW + 5000, NOW, NOW + 100) == NOW + 100
    assert isinstance(native.event_ms(NOW - checks.MAX_AGE_MS - 1, NOW, NOW), Rejected)


def test_a_fix_is_read_as_the_browser_tells_it() -> None:
    read = said("fix", lat=51.5, lon=-0.1, accuracy_m=9, speed_mps=None, heading_deg=None, altitude_m=31.5)
    assert isinstance(read.what, Fix)
    assert (read.what.accuracy_m, read.what.speed_mps, read.what.altitude_m) == (9, None, 31.5)
    assert refusal(said("fix", lat=0, lon=0)) is Reason.BAD_POSITION
    assert refusal(said("fix", lat=51.5)) is Reason.MALFORMED


def test_events_that_are_not_a_watchs_to_tell_are_left_out_and_the_rest_is_taken() -> None:
    read = said("report", events=["off_wrist", "offline", "messages_lost", "sang"], battery_pct=40)
    assert isinstance(read.what, DeviceReport)
    assert (read.what.events, read.what.battery_pct) == ((DeviceEvent.OFF_WRIST,), 40)
    assert [why.reason for why in read.refused] == [Reason.UNSUPPORTED]


def test_words_keep_their_lines_and_lose_what_no_database_can_hold() -> None:
    read = said("problem", topic="other", words=" a\x00b\nc ")
    assert isinstance(read.what, ProblemTold)
    assert (read.what.topic, read.what.words) == (Topic.OTHER, "a b\nc")
    assert refusal(said("problem", topic="other", words="x" * 501)) is Reason.MALFORMED


@pytest.mark.parametrize(
    "wrong",
    [
        {"photos": []},
        {"photos": ["A" * 64]},
        {"photos": [sha256(b"x")] * 6},
        {"photos": [sha256(b"x")], "turn": "up"},
        {"photos": [sha256(b"x")], "tries": 0},
        {"photos": [sha256(b"x")], "check_in_id": "../c"},
    ],
)
def test_a_check_in_that_is_not_one_is_refused_for_good(wrong: dict[str, Any]) -> None:
    assert refusal(said("check_in", **{"check_in_id": "c1", **wrong})) is Reason.MALFORMED


@pytest.mark.parametrize(
    "subscription",
    [{}, {"endpoint": "http://push.example"}, {"endpoint": 5}, {"endpoint": "https://x/" + "y" * 5000}, "https://x", 7],
)
def test_a_push_subscription_needs_an_https_endpoint(subscription: object) -> None:
    assert refusal(said("push", subscription=subscription)) is Reason.MALFORMED


def test_no_subscription_any_more_is_said_with_null() -> None:
    assert said("push", subscription=None).what == Push("", NOW)


# --- the chain


def bodies(count: int) -> list[Signed]:
    """Messages as an honest client makes them."""
    made, prev = [], ""
    for seq in range(1, count + 1):
        hash_ = sha256(f"{seq}{prev}".encode())
        made.append(Signed(seq, prev, hash_, "sos"))
        prev = hash_
    return made


def walk(begun: Chain, messages: list[Signed]) -> tuple[list[int], Chain]:
    """Take what may be taken, as the door does; the numbers that were new."""
    taken = []
    for message in messages:
        link, begun = follow(begun, message)
        if link is Link.NEXT:
            taken.append(message.seq)
        elif link is not Link.REPEATED:
            break
    return taken, begun


@given(st.integers(1, 150), st.data())
def test_whatever_is_lost_on_the_way_each_message_is_taken_once_and_in_order(count: int, data: st.DataObject) -> None:
    """The client sends from what was acknowledged; of some requests the answer is lost, so they come again."""
    messages, at, acknowledged, taken = bodies(count), Chain(), 0, []
    while acknowledged < count:
        batch = messages[acknowledged : acknowledged + data.draw(st.integers(1, 50))]
        new, at = walk(at, batch)
        taken += new
        if data.draw(st.booleans()) or data.draw(st.integers(0, 3)) == 0:
            acknowledged = at.last_seq
    assert taken == list(range(1, count + 1))
    assert len(at.recent) == min(count, chain.KEPT)


def test_a_number_that_is_ahead_is_a_gap_and_another_body_under_a_used_one_is_a_fork() -> None:
    messages = bodies(5)
    _, at = walk(Chain(), messages[:3])
    assert follow(at, messages[4])[0] is Link.GAP
    assert follow(at, Signed(3, messages[1].sha256, sha256(b"other"), "sos"))[0] is Link.FORKED
    assert follow(at, Signed(4, messages[1].sha256, sha256(b"other"), "sos"))[0] is Link.FORKED
    assert follow(at, messages[3])[0] is Link.NEXT


def test_a_new_chain_begins_with_lost_and_never_at_a_number_that_was_used() -> None:
    _, at = walk(Chain(), bodies(3))
    assert follow(at, Signed(3, "", sha256(b"lost"), "lost"))[0] is Link.FORKED
    link, begun = follow(at, Signed(9, "", sha256(b"lost"), "lost"))
    assert (link, begun) == (Link.NEXT, Chain(9, (sha256(b"lost"),)))
    assert follow(begun, Signed(9, "", sha256(b"lost"), "lost"))[0] is Link.REPEATED
    assert follow(begun, Signed(10, sha256(b"lost"), sha256(b"next"), "sos"))[0] is Link.NEXT
