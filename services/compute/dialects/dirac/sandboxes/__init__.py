"""Files that come with jobs and files that jobs leave, as DIRAC's clients move them: archives with names."""
