"""The watch client: an installable web app, served by the devices' door."""
