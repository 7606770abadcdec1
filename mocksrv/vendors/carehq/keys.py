"""The ready-made API keys: one for each way that a key can be limited."""

from __future__ import annotations

from dataclasses import asdict, dataclass, field
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from mocksrv.world import World

KEYS = "carehq.keys"


@dataclass(frozen=True)
class Key:
    """An API key of an account."""

    account_id: str
    api_key: str
    api_secret: str
    name: str
    permissions: dict[str, list[str]] = field(default_factory=dict)  # "*" stands for all resources, or all actions
    allowed_ips: list[str] = field(default_factory=list)  # addresses and CIDR ranges; empty: any
    require_signature: bool = True
    rate_limit: int = 10  # requests a second

    def may(self, permission: str, slug: str) -> bool:
        """Whether the key has a permission (create, read, update, delete) for a resource."""
        granted = [*self.permissions.get(slug, ()), *self.permissions.get("*", ())]
        return permission in granted or "*" in granted


ACCOUNT, UNSIGNED = "MY_ACCOUNT_ID", "UNSIGNED_KEY"
READY_MADE = (
    Key(ACCOUNT, "MY_API_KEY", "MY_API_SECRET", "All-powerful", {"*": ["*"]}),
    Key(ACCOUNT, "READ_ONLY_KEY", "READ_ONLY_SECRET", "Read-only", {"*": ["read"]}),
    # The set that CareHQ's help article gives for the enquiry form of a website.
    Key(ACCOUNT, "WEBSITE_FORM_KEY", "WEBSITE_FORM_SECRET", "Website form",
        {"care-enquiries": ["create"], "locations": ["read"], "groups": ["read"]}),
    # Addresses that RFC 5737 and RFC 3849 keep for examples.
    Key(ACCOUNT, "OFFICE_ONLY_KEY", "OFFICE_ONLY_SECRET", "IP-restricted", {"*": ["*"]},
        allowed_ips=["203.0.113.0/24", "198.51.100.7", "2001:db8::/32"]),
    Key(ACCOUNT, UNSIGNED, "UNSIGNED_SECRET", "Without signatures", {"*": ["*"]}, require_signature=False),
)


def plant(world: World) -> None:
    world.table(KEYS).load_many((f"{key.account_id}/{key.api_key}", asdict(key)) for key in READY_MADE)


def granted(key: Key) -> str:
    """A key's permissions in words."""
    return "; ".join(f"{slug}: {', '.join(permissions)}" for slug, permissions in key.permissions.items()) or "none"


def credentials(world: World, base_url: str) -> list[dict[str, Any]]:
    """The keys of a world; `base_url` is what the official clients want, which add /v1/ themselves."""
    found = []
    for doc in world.table(KEYS).all():
        key = Key(**doc)
        found.append({
            "name": key.name, "base_url": base_url, "account_id": key.account_id, "api_key": key.api_key,
            "api_secret": key.api_secret, "permissions": key.permissions, "allowed_ips": key.allowed_ips,
            "require_signature": key.require_signature, "rate_limit": key.rate_limit,
        })
    return found
