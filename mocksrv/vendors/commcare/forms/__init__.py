"""Forms: the list and detail API, and the receiver of submissions."""
