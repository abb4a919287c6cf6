"""The package's version, which is that of the library inside."""

__version__ = "0.1.0"
