"""CareHQ, a CRM for care providers. Mounted at `/carehq/` and, by its paths, at `/v1/`."""

from mocksrv.vendors.carehq import enquiries, scenarios
from mocksrv.vendors.carehq.vendor import CareHQ, vendor

vendor.scenarios = scenarios.SCENARIOS

__all__ = ["CareHQ", "enquiries", "vendor"]
