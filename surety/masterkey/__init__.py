"""The master keys, under which people's keys are wrapped: where they lie, and how one follows another."""
