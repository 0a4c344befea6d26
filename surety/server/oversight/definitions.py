"""What every figure of the statistics counts, in words: shown beside it, so that nobody has to guess."""

DEFINITIONS: dict[str, tuple[str, str]] = {
    "reviews": (
        "Reviews on time",
        (
            "Of the reviews of orders that fell due in the window while the order was in force: those that were done "
            "before (a later date was set), or not needed any more."
        ),
    ),
    "outcome": ("Outcomes", "Of the alerts opened in the window that are resolved: those with this outcome."),
    "false": (
        "False alerts",
        (
            "Of the resolved alerts of this kind opened in the window: those that people found false, or laid to "
            "equipment or network."
        ),
    ),
    "cause": ("Causes", "Of the alerts opened in the window: those for which the rules name this cause."),
    "unreviewed": (
        "Not yet looked at",
        "Of the alerts opened in the window: those that nobody has acknowledged or resolved by now.",
    ),
    "late": (
        "Looked at late",
        "Of the alerts opened in the window: those resolved after they were due, or past it now.",
    ),
    "fell_away": (
        "Fell away",
        "Of the alerts opened in the window: those whose finding later facts took back.",
    ),
    "clear": (
        "Time to clear",
        (
            "From an alert's opening to its resolution, of those opened in the window that are resolved. Its bounds "
            "are those of the quantile."
        ),
    ),
    "hours": (
        "Asked at what hours",
        "Of the photo check-ins asked for in the window: those asked for within these hours on the person's clocks.",
    ),
    "no_match": (
        "Not matched by the machine",
        (
            "Of the submissions that the machine compared in the window: those that it did not clearly match. It is no "
            "rate of errors: some were of somebody else, or dark. A group of fewer than ten people is not told "
            "by itself."
        ),
    ),
    "manual": (
        "Decided by people",
        "Of the check-ins asked for in the window that are decided: those that people decided.",
    ),
    "erased": (
        "Erased on time",
        "Of what was erased in the window: what went within two days of when it was due and no hold kept it.",
    ),
}
