"""Lists of documents, and the options that they share with views."""
