"""Made-up people of a country: names and places from Faker, in any of its locales, and valid phone numbers.

Faker and phonenumbers are loaded when a locale is asked for that no vendor has stored pools of: they take longer to
load than the rest of the start.
"""
