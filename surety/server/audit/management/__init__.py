"""Django's commands of this room."""
