"""What works off slices: programs that run inside a job's sandbox, and how one talks with them."""
