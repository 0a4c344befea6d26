"""The report as one HTML file: inline SVG and style, nothing loaded from anywhere, no script."""

import importlib.resources
from collections.abc import Iterable, Sequence
from html import escape

from surety.faces.evaluation import curves, words
from surety.faces.evaluation.groups import LEAST_PEOPLE
from surety.faces.evaluation.report import Asked, Compared, GroupRow, GroupTable, Report

ABOUT = (
    "A measurement of the recogniser on a test set: pairs of pictures of which it was known beforehand whether they "
    "show one person. It says how often the machine errs on these pictures. It does not say how it does on other "
    "cameras, in other light or with other people, and it makes no claim of conformance with a standard."
)


def render(report: Report) -> str:
    """The whole page."""
    style = importlib.resources.files("surety.faces.evaluation").joinpath("page.css").read_text()
    both = (report.all_faces, report.good_pictures)
    parts = [
        f"<h1>How well faces are told apart</h1><p>{ABOUT}</p>",
        _asked(report.asked),
        _acquisition(report),
        *(_compared(one) for one in both),
        f"<p>Intervals are 95 % intervals of a bootstrap: {escape(report.drawn)}.</p>",
        _accuracy(report),
        _figure(
            curves.det(both), "DET curve. Down and left is better. It begins at the smallest FMR that can be told."
        ),
        _figure(curves.roc(both), "ROC curve. Up and left is better."),
        _groups(report.groups),
        _times(report),
    ]
    body = "".join(parts).replace(" %", "\u00a0%")  # a number and its unit stay on one line
    return (
        '<!doctype html><html lang="en"><head><meta charset="utf-8">'
        "<meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; style-src 'unsafe-inline'\">"
        f'<meta name="viewport" content="width=device-width"><title>How well faces are told apart</title>'
        f"<style>{style}</style></head><body><main>{body}</main></body></html>\n"
    )


def _asked(asked: Asked) -> str:
    table = (
        f"match from {asked.table.match:.3f}, inconclusive from {asked.table.inconclusive:.3f}" if asked.table else ""
    )
    facts = {
        "Pairs": f"{asked.pairs}, SHA-256 {asked.pairs_sha256}",
        "Pictures": asked.images,
        "Groups": asked.groups or "none given",
        "Pairs of two people": "each picture with those of everybody else" if asked.impostors == "all" else "as listed",
        "Engine": f"{asked.engine}, recogniser {asked.model_sha256}, detector {asked.detector_sha256}",
        "Its threshold table": table or "none: make one with surety faces calibrate",
        "Made": f"{asked.at} by Surety {asked.surety}",
    }
    return f"<dl>{''.join(f'<dt>{name}</dt><dd>{escape(value)}</dd>' for name, value in facts.items())}</dl>"


def _acquisition(report: Report) -> str:
    found = report.acquisition
    people = f" of {found.people:,} people" if found.people else ""
    rows = [("Failure to acquire (FTA): nothing could be compared", words.rate(found.failed))]
    rows += [(f"- files that are no photograph ({reason})", f"{count:,}") for reason, count in found.refused.items()]
    rows.append(("- without a face", f"{found.no_face:,}"))
    rows.append(
        ("Refused by the quality gate, the above included: a check-in would be asked for again", words.rate(found.gate))
    )
    rows += [(f"- told: {words.ADVICE.get(word, word)}", f"{count:,}") for word, count in found.advice.items()]
    table = _table(("What became of them", "Pictures"), rows)
    return f"<h2>Pictures</h2><p>{found.pictures:,} pictures{people}.</p>{table}"


def _compared(one: Compared) -> str:
    rows = [(words.fmr(p.fmr), f"{p.threshold:.4f}", words.rate(p.fnmr)) for p in one.points]
    body = _table(("FMR", "Threshold", "FNMR (95 % interval; count)"), rows) if rows else ""
    lost = f"<p>{escape(words.not_told(one))}</p>" if words.not_told(one) else ""
    least = words.fmr(one.smallest_fmr)
    at = [
        (
            row.name,
            f"{row.threshold:.4f}",
            f"under {least}" if row.fmr is None else words.fmr(row.fmr),
            words.per_cent(row.fnmr),
        )
        for row in one.at_table
    ]
    table = (
        f"<h3>At the model's own thresholds</h3>{_table(('Threshold', 'Similarity', 'FMR', 'FNMR'), at)}" if at else ""
    )
    counts = f"<p>{one.genuine:,} comparisons of one person, {one.impostors:,} of two people.</p>"
    return f"<h2>Errors: {escape(one.name)}</h2>{counts}{body}{lost}{table}"


def _accuracy(report: Report) -> str:
    found = report.accuracy
    if found is None:
        return ""
    folds = ", ".join(words.per_cent(fold) for fold in found.folds)
    return (
        f"<h2>LFW's protocol</h2><p>{len(found.folds)} folds, each judged with the threshold that is best on the "
        f"others: {found.mean * 100:.2f} % right, standard error {found.standard_error * 100:.2f}. A pair without a "
        f"face counts as wrong. Fold by fold: {folds}.</p>"
    )


def _figure(drawn: str, caption: str) -> str:
    return f'<figure><div class="scroll" tabindex="0">{drawn}</div><figcaption>{caption}</figcaption></figure>'


def _groups(tables: Sequence[GroupTable]) -> str:
    if not tables:
        return ""
    about = (
        "At one threshold for everybody. False matches are those between two people of the same group. The "
        "differentials are a group's rates as multiples of those over everybody (ISO/IEC 19795-10: differential "
        f"performance); x 1 means no difference. Groups of fewer than {LEAST_PEOPLE} people are not told."
    )
    return f"<h2>Groups</h2><p>{about}</p>{''.join(_group_table(table) for table in tables)}"


def _group_table(table: GroupTable) -> str:
    head = ("Group", "People", "FTA", "Gate", "FNMR", "differential", "FMR", "differential")
    caption = (
        f"{escape(table.column)}, at {escape(table.threshold_name)} (similarity {table.threshold:.4f}; over everybody "
        f"FMR {words.fmr(table.fmr) if table.fmr else 'too small to tell'}, FNMR {words.per_cent(table.fnmr)})"
    )
    return _table(head, [_group_row(row) for row in table.rows], caption)


def _group_row(row: GroupRow) -> tuple[str, ...]:
    if row.people is None:
        return (row.name, f"fewer than {LEAST_PEOPLE}", *["not told"] * 6)
    shares = [words.rate(rate) if rate else "no pairs" for rate in (row.failed, row.gate, row.fnmr, row.fmr)]
    fta, gate, fnmr, fmr = shares
    differentials = (words.multiple(row.fnmr_differential), words.multiple(row.fmr_differential))
    return (row.name, f"{row.people:,}", fta, gate, fnmr, differentials[0], fmr, differentials[1])


def _times(report: Report) -> str:
    t = report.times
    rows = [
        ("decoded, in the limited process", f"{t.decode_p50_ms:.1f} ms", f"{t.decode_p95_ms:.1f} ms"),
        ("face found, measured and embedded", f"{t.face_p50_ms:.1f} ms", f"{t.face_p95_ms:.1f} ms"),
    ]
    return f"<h2>Times a picture</h2>{_table(('Step', 'half are faster (p50)', '19 of 20 are faster (p95)'), rows)}"


def _table(head: Iterable[str], rows: Iterable[Sequence[str]], caption: str = "") -> str:
    first = "".join(f'<th scope="col">{escape(word)}</th>' for word in head)
    body = "".join(
        f'<tr><th scope="row">{escape(row[0])}</th>{"".join(f"<td>{escape(cell)}</td>" for cell in row[1:])}</tr>'
        for row in rows
    )
    told = f"<caption>{caption}</caption>" if caption else ""
    table = f"<table>{told}<thead><tr>{first}</tr></thead><tbody>{body}</tbody></table>"
    return f'<div class="scroll" tabindex="0">{table}</div>'
