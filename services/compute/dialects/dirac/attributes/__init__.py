"""What DIRAC says of jobs: statuses, attributes, moments; how conditions on them become searches."""
