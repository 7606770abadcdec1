"""The suite on other days and in other time zones: `python -m mocksrv.tests.days`."""
