"""CouchDB's HTTP interface, as the API's proxy lets callers through to it."""
