"""What callers do with the file catalogue; each module is one of its sides."""
