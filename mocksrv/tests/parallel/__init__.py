"""Many small tests at once, each in a world of its own: `python -m mocksrv.tests.parallel.run`."""
