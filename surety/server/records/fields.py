"""Every column that could hold words or bytes of somebody: encrypted under their key, or why not.

Sealed columns (sealed.py) speak for themselves. `BOXES` are columns of bytes that their own room encrypts, `OF_NAMES`
are names that mean the same in every table, `PLAIN` are single columns. A test fails when a model has a column of text,
JSON or bytes that is in none of these; choices count as kinds. docs/adr/0030 tells the grounds.
"""

_WORKS_HERE = "the name of somebody who works here, which the record must keep"
_ID = "an id, from which nothing follows"
_KIND = "a kind, a state or a figure, which the desk and the statistics count by"
_HASH = "a hash or a public key"
_DOOR = "the door compares it, and has no key of anybody's"

OF_NAMES: dict[str, str] = {
    **dict.fromkeys(("id", "person_id", "device_id", "fact_id", "head_fact_id", "finding_id", "episode_id"), _ID),
    **dict.fromkeys(("condition_id", "subject_id", "link_id", "open_key", "superseded_by", "cleared_by"), _ID),
    **dict.fromkeys(("kind", "kinds", "certainty", "cause", "outcome", "verdict", "answer", "first_answer"), _KIND),
    **dict.fromkeys(("action", "subject_type", "symptom", "turn", "again", "channel", "counts", "numbers"), _KIND),
    **dict.fromkeys(("data_kinds", "order_type", "order_types", "group_kind", "quality", "facts_tally", "day"), _KIND),
    **dict.fromkeys(("hash", "sha256", "previous_hash", "public", "public_key", "master", "photos", "shown"), _HASH),
    **dict.fromkeys(("actor_name", "reviewer_name", "decided_by_names"), _WORKS_HERE),
    **dict.fromkeys(("language", "told_language", "time_zone"), "needed to write to people before their row is opened"),
    "region": "decides who sees a row: the database sorts out by it; an area of an agency's work, not a place",
    "reference": "how a record is found; tells who somebody is to its holder alone (docs/adr/0027)",
    **dict.fromkeys(("identifier", "protocol", "payload_key", "photo_key", "algorithm"), _DOOR),
    **dict.fromkeys(("model", "network", "engine", "media_type", "rules_version"), "a make or a version"),
    **dict.fromkeys(("legal_basis", "issuing_authority"), "names a law or a court, for many people the same"),
}
OF_ENDINGS: dict[str, str] = {"_by_name": _WORKS_HERE, "_sha256": _HASH, "_hmac": _HASH, "_id": _ID}

BOXES: dict[str, str] = {
    "monitoring.StoredFact.body": "monitoring/sealed.py",
    "monitoring.PersonState.body": "monitoring/sealed.py",
    "monitoring.Snapshot.body": "monitoring/sealed.py",
    "monitoring.Finding.body": "monitoring/sealed.py",
    "monitoring.FormerFinding.body": "monitoring/sealed.py",
    "monitoring.SetAside.body": "monitoring/sealed.py",
    "records.Document.name": "records/documents.py",
    "records.LegalHold.reason": "records/holds.py",
    "records.PersonKey.wrapped": "by a master key: records/masters.py",
    "checkins.Template.box": "sealed to the person: checkins/templates.py",
}

_MACHINE = "words of the program, the same for everybody"
_OF_NOBODY = "about nobody under supervision"
PLAIN: dict[str, str] = {
    **dict.fromkeys(
        ("accounts.User.username", "accounts.User.first_name", "accounts.User.last_name", "accounts.User.email"),
        _WORKS_HERE,
    ),
    "accounts.User.password": _HASH,
    "audit.Entry.actor_role": _KIND,
    "audit.Entry.detail": "the chain is over it; what people typed is a box in it: audit/words.py",
    "cases.Device.reason": _OF_NOBODY,
    "cases.WatchKey.push": "an address at a push service, written by the door, which has no key; gone with the watch",
    "cases.ProgrammeZone.label": _OF_NOBODY,
    "cases.ProgrammeZoneVersion.body": "a zone for everybody",
    "cases.ProgrammeZoneVersion.reason": _OF_NOBODY,
    "cases.ProgrammeZoneVersion.decided_reason": _OF_NOBODY,
    "monitoring.Finding.replaces": _ID,
    "monitoring.SetAside.sentence": _MACHINE,
    "monitoring.ReadPosition.consumer": _KIND,
    "monitoring.WorkerHealth.name": _KIND,
    "monitoring.WorkerHealth.last_error": _MACHINE,
    "alerts.Incident.group_name": "a network or a make of devices",
    "alerts.Incident.sentence": _OF_NOBODY,
    "alerts.Incident.explanation": _OF_NOBODY,
    "alerts.Incident.reason": _OF_NOBODY,
    "notices.Notice.sentence": "the door hands it over and has no key; then sealed (notices/actions.py)",
    "records.Erasure.basis": "the rule or the order by which, in the program's words",
    "records.Erasure.schedule": "the schedule's version",
    "records.Sweep.cursor": _ID,
    "checkins.CheckIn.note": _MACHINE,
    "checkins.Prompt.sentence": _MACHINE,
    "checkins.Prompt.error": _MACHINE,
    "checkins.Beat.name": _KIND,
    "checkins.Beat.error": _MACHINE,
    "checkins.Sheet.body": "a watch's day; the door hands it over and has no key; gone with the watch",
    "checkins.Comparison.body": "figures of a comparison, no picture and no template",
    "checkins.CompareHealth.name": _KIND,
    "checkins.CompareHealth.sentence": _MACHINE,
    "checkins.OutFact.body": "that a check-in was asked or decided, on its way to the log; cleared when it is there",
    "checkins.ControlPair.name": _OF_NOBODY,
    "checkins.ControlPair.source": _OF_NOBODY,
    "checkins.ControlPair.group": _OF_NOBODY,
    "checkins.ControlPair.body": _OF_NOBODY,
    "checkins.ControlPicture.data": _OF_NOBODY,
}
