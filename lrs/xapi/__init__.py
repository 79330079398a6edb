"""The rules of the Experience API, versions 1.0.3 and 2.0.0, as pure functions: no I/O in here."""
