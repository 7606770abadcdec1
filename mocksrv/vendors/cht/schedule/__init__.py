"""What the background process does every five minutes: reminders, purging, and cleaning up."""
