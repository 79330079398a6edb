"""The xAPI record store, and the host that plug-ins stand in. It knows nothing of people or effects."""

__version__ = "0.1.0"
