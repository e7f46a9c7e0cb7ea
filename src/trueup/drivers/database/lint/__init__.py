"""What is risky in a new migration, said of its text: squawk's findings and our own, with the safe sequence."""
