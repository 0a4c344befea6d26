"""Decides what a curfew's breach is called: absent at its start, left during it, back late, absent throughout.

- Absent at the start: at the very start of a window the evidence is certain and says "outside" - no new fix is
  needed - or, where nobody could tell at the start, the first certain evidence in the window says so.
- Left: the person was certainly at the place in this window, and then certainly not.
- Returned: certainly there again; after an absence at the start this is the late return.
- Absent throughout: the window ends, and at no time in it was the person certainly there. Where nobody could tell for
  part of it, that is POSSIBLE only. Not knowing alone is never a breach.
"""

from surety.rules.duty import Terms
from surety.rules.findings import Kind
from surety.rules.presence import Presence

CURFEW = Terms(
    keeps=Presence.INSIDE,
    broken_at_start=Kind.CURFEW_ABSENT_AT_START,
    broken=Kind.CURFEW_LEFT,
    mended=Kind.CURFEW_RETURNED,
    throughout=Kind.CURFEW_ABSENT_THROUGHOUT,
)
