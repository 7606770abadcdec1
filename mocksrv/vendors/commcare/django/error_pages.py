"""Django's own error pages, where no view of HQ answers."""

PAGE = """
<!doctype html>
<html lang="en">
<head>
  <title>{title}</title>
</head>
<body>
  <h1>{title}</h1><p></p>
</body>
</html>
"""
BAD_REQUEST = PAGE.format(title="Bad Request (400)")
SERVER_ERROR = PAGE.format(title="Server Error (500)")
