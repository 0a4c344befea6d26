"""What the numbers in a finding's evidence are called, and how each is written."""

from surety.rules import words

NUMBER_WORDS = {
    "p_inside": "Probability of being inside",
    "log_odds": "The same as log-odds",
    "clearance_m": "Distance to the edge at the last certain fix (inside positive), m",
    "sigma_m": "Spread of its error, m",
    "last_certain_ms": "Last certain fix",
    "last_heard_ms": "Last message",
    "window_start_ms": "Start of the ordered time",
    "window_end_ms": "End of the ordered time",
    "began_ms": "What it ends or repeats began",
    "began": "What it ends or repeats",
    "silent_since_ms": "Silent since",
    "ended_by": "Ended with its",
    "battery_pct": "Battery, %",
    "unknown_after_s": "Cannot be verified after, s",
    "silent_after_s": "Silent after, s",
    "no_location_after_s": "No place after, s",
    "last_fix_ms": "Last usable place",
    "arrived_ms": "What the device had kept arrived",
    "flat_at_ms": "Battery flat at its own rate",
    "pct_an_hour": "Battery emptied by, % an hour",
    "location": "Positions, as the device had told",
    "contradicted": "The report says the opposite as well",
    "lasted_s": "In, s",
    "returns": "Times that it came back",
    "as": "As fast as",
    "charged_s": "Charged, s",
    "needed_s": "Ordered, s",
    "unknown_s": "Not told by the device, s",
    "day_start_ms": "Start of the day",
    "stayed_since_ms": "Stay counted since",
    "p_near": "Probability of being near",
    "edge_m": "Distance to the edge of the zone (inside negative), m",
    "warn_m": "Warned within, m",
    "p_crossed": "Probability of having passed through, at least",
    "entered_ms": "In it from, at even pace",
    "left_ms": "In it until, at even pace",
    "depth_m": "Distance of the straight way's deepest point to the edge, m",
    "gap_s": "Time between the two fixes, s",
    "way_m": "Straight way between them, m",
    "inside_m": "Part of it inside, m",
    "allowed_s": "Allowed, s",
    "late_s": "Late by, s",
    "tolerated_s": "Tolerated late, s",
    "leave": "Leave",
    "leave_ended_ms": "Leave ended",
    "leave_begins_ms": "Leave begins",
    "allowance_left_s": "Still tolerated when it began, s",
    "counted_s": "Time away that counts, s",
    "spent_day_s": "Time away in that day, s",
    "allowed_day_s": "Tolerated a day, s",
    "spent_week_s": "Time away in that week, s",
    "allowed_week_s": "Tolerated a week, s",
    "spent_s": "Time away when it was passed, s",
    "per": "Added up over a",
    "confirmed_ms": "Confirmed by a fix",
    "stayed_s": "Certainly there, s",
    "elsewhere_s": "Certainly elsewhere, s",
    "there_since_ms": "First certainly there",
    "place": "Place",
    "worn": "Worn, as the device had told",
    "power": "Power, as the device had told",
}


def told(numbers: dict[str, float | str | None], time_zone: str) -> list[tuple[str, str]]:
    """The numbers of a finding by name, in words; those it does not have left out. A new one stands under its own."""
    rows = []
    for name, value in numbers.items():
        if value is None:
            continue
        is_time = name.endswith("_ms") and isinstance(value, int | float)
        rows.append((NUMBER_WORDS.get(name, name), words.local_time(int(value), time_zone) if is_time else str(value)))
    return rows
