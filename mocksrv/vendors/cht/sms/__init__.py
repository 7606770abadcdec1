"""Text messages: the protocol of cht-gateway, and the hooks of the services that push."""

from mocksrv.vendors.cht.sms import aggregators, gateway, push, schedule

__all__ = ["aggregators", "gateway", "push", "schedule"]
