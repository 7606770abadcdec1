"""What Node.js and Express do with a request before and after the API sees it."""
