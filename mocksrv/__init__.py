"""mocksrv: one local server that answers like CareHQ, CommCare HQ and the Community Health Toolkit."""
