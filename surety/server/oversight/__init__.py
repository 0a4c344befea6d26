"""How the whole is used, in counts, for inspectors and the public: reads every room, writes nothing, names nobody."""
