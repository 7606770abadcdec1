"""The engine of a CouchDB: documents, revisions, views, attachments. It knows nothing of CHT."""
