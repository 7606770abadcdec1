"""Text messages: the protocol of cht-gateway, and the hooks of the services that push."""

from mocksrv.vendors.cht.sms import aggregators, gateway, push

__all__ = ["aggregators", "gateway", "push"]
