"""The only module that builds drivers and adapters."""
