"""A whole system with a live town, in one command: seeds the server through its own actions, then runs everything."""
