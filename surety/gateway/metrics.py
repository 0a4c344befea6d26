"""What the door counted since it started, as text for Prometheus. No identifier and no position is in it."""

from collections import Counter

from surety.wire.contract import Reason

_COMMIT_BOUNDS_S = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 1.0, 5.0)


class Metrics:
    """Counters of one door process; each is only written by one thread."""

    def __init__(self) -> None:
        self.messages: Counter[str] = Counter()
        self.accepted: Counter[str] = Counter()
        self.facts: Counter[str] = Counter()
        self.refused: Counter[tuple[str, str]] = Counter()
        self.watches: Counter[str] = Counter()  # what only watches do: photos, repeated and lost messages
        self.records = 0
        self.commits = 0
        self.failed_commits = 0
        self.commit_s = 0.0
        self.commit_buckets = [0] * len(_COMMIT_BOUNDS_S)
        self.waiting = 0

    def refuse(self, protocol: str, reason: Reason) -> None:
        """Count a refusal."""
        self.refused[protocol, reason.value] += 1

    def committed(self, records: int, took_s: float) -> None:
        """Count a group commit."""
        self.commits += 1
        self.records += records
        self.commit_s += took_s
        for index, bound in enumerate(_COMMIT_BOUNDS_S):
            if took_s <= bound:
                self.commit_buckets[index] += 1

    def render(self) -> str:
        """The Prometheus text format, version 0.0.4."""
        lines: list[str] = []
        _counter(lines, "surety_door_messages_total", "Messages that came in", _labelled("protocol", self.messages))
        _counter(
            lines, "surety_door_accepted_total", "Messages acknowledged after their append",
            _labelled("protocol", self.accepted),
        )  # fmt: skip
        _counter(lines, "surety_door_facts_total", "Facts in accepted messages", _labelled("protocol", self.facts))
        refused = [(f'{{protocol="{p}",reason="{r}"}}', n) for (p, r), n in sorted(self.refused.items())]
        _counter(lines, "surety_door_refused_total", "Refusals, of messages or of facts in them", refused)
        _counter(
            lines, "surety_door_watches_total", "Photographs kept, messages of watches that came again or were lost",
            _labelled("what", self.watches),
        )  # fmt: skip
        _counter(lines, "surety_door_records_total", "Records made durable", [("", self.records)])
        _counter(lines, "surety_door_failed_commits_total", "Group commits that failed", [("", self.failed_commits)])
        lines += ["# HELP surety_door_waiting Messages that wait for their commit", "# TYPE surety_door_waiting gauge"]
        lines.append(f"surety_door_waiting {self.waiting}")
        self._histogram(lines)
        return "\n".join(lines) + "\n"

    def _histogram(self, lines: list[str]) -> None:
        name = "surety_door_commit_seconds"
        lines += [f"# HELP {name} How long a group commit took", f"# TYPE {name} histogram"]
        lines += [
            f'{name}_bucket{{le="{b:g}"}} {n}' for b, n in zip(_COMMIT_BOUNDS_S, self.commit_buckets, strict=True)
        ]
        lines += [f'{name}_bucket{{le="+Inf"}} {self.commits}', f"{name}_sum {self.commit_s:.6f}"]
        lines.append(f"{name}_count {self.commits}")


def _labelled(label: str, counts: Counter[str]) -> list[tuple[str, int]]:
    return [(f'{{{label}="{key}"}}', count) for key, count in sorted(counts.items())]


def _counter(lines: list[str], name: str, text: str, samples: list[tuple[str, int]]) -> None:
    lines += [f"# HELP {name} {text}", f"# TYPE {name} counter"]
    lines += [f"{name}{labels} {count}" for labels, count in samples]
