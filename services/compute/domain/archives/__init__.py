"""Archives of strangers, read a member at a time; all of them may be hostile."""
