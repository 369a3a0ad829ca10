"""Archives that a job wants unpacked before it starts; all of them may be hostile."""
