"""What django-tastypie does for a resource: pages, filters, throttle, serializers."""
