"""The pages of the monitoring centre."""
