"""The Django project: cases, monitoring, alerts, audit, accounts and the console."""
