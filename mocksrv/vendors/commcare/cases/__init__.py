"""Cases: the list and detail API, case API v2 and the import of spreadsheets."""
