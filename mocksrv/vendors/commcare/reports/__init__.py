"""Reports, data sources, feeds, applications and other small lists."""
