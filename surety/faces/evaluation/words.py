"""The figures of a run in words, for the terminal and for the page alike."""

from surety.faces.contract import Advice
from surety.faces.evaluation.rates import LEAST_FALSE_MATCHES, Rate, supported
from surety.faces.evaluation.report import WANTED, Compared, Report

ADVICE: dict[str, str] = {
    Advice.COME_CLOSER: "come closer",
    Advice.GO_BACK: "go back",
    Advice.FIND_LIGHT: "find light",
    Advice.LESS_LIGHT: "less light",
    Advice.HOLD_STILL: "hold still",
    Advice.FACE_CAMERA: "face the camera",
    Advice.ONE_PERSON: "one person alone",
    Advice.SHOW_FACE: "show your face",
}


def per_cent(share: float) -> str:
    """A share with three figures that count: 0.451 %, 12.3 %."""
    return f"{share * 100:.3g} %"


def rate(value: Rate) -> str:
    """A rate with its interval and its counts."""
    return (
        f"{per_cent(value.value)} ({per_cent(value.low)} to {per_cent(value.high)}; {value.errors:,} of {value.of:,})"
    )


def fmr(value: float) -> str:
    """An FMR as people write it: 1e-4."""
    mantissa, _, exponent = f"{value:.1e}".partition("e")
    return f"{mantissa.removesuffix('.0')}e{int(exponent)}"


def not_told(compared: Compared) -> str:
    """Which rates cannot be told with so few pairs, and what it would take; empty where all can."""
    lost = [value for value in WANTED if not supported(value, compared.impostors)]
    if not lost:
        return ""
    needed = LEAST_FALSE_MATCHES / min(lost)
    told = fmr(compared.smallest_fmr)
    rates = ", ".join(fmr(value) for value in lost)
    return (
        f"Not told: FNMR at FMR {rates}. {compared.impostors:,} pairs of two people can tell an FMR of {told} and more "
        f"(30 expected false matches, Doddington's rule); {fmr(min(lost))} takes {needed:,.0f} pairs."
    )


def multiple(value: float | None) -> str:
    """A differential."""
    return "not known" if value is None else f"x {value:.2g}"


def told(report: Report) -> list[str]:
    """The report for a terminal."""
    found = report.acquisition
    lines = [
        f"{found.pictures:,} pictures; failure to acquire (FTA): {rate(found.failed)}",
        f"the quality gate would ask again for {rate(found.gate)}",
    ]
    if report.accuracy:
        mean, error = report.accuracy.mean * 100, report.accuracy.standard_error * 100
        lines.append(f"LFW's protocol: {mean:.2f} % right, standard error {error:.2f}")
    for one in (report.all_faces, report.good_pictures):
        lines += ["", f"{one.name}: {one.genuine:,} comparisons of one person, {one.impostors:,} of two people"]
        lines += [f"  FMR {fmr(p.fmr)} at {p.threshold:.4f}: FNMR {rate(p.fnmr)}" for p in one.points]
        lines += [f"  {lost}" for lost in (not_told(one),) if lost]
    return [*lines, "", f"Intervals: {report.drawn}."]
