"""The gate to a live service: a proxy between a test suite and somebody's sandbox.

Any client in any language talks to the gate as to the service itself. The gate passes requests that the guardrails
allow, keeps a ledger of what the run makes there and deletes it again in reverse order, and reduces the answers to
shapes, which `mocksrv drift` compares. `guardrails` says what may pass, `sandbox` and its three vendors know what a
request does and how it is undone, `ledger` survives a crash, `gate` is the server. `fixture` keeps exchanges without
their values, `process` is a gate in a process of its own, `in_pytest` leads pytest's fixtures to gates.
"""
