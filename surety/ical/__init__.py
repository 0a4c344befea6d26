"""iCalendar (RFC 5545): files read as exceptions or dates of a timetable, and a person's duties written as one."""
