"""What Django does with requests and answers: error pages, multipart, dates, spreadsheets."""
