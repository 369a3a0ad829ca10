"""The file catalogue: logical files in a tree of directories, their replicas, and what is known of them."""
