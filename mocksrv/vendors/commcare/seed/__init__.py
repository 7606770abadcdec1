"""The ready-made accounts and domains, and the made-up data of `demo`."""
