"""One folder for each technology; drivers do not see each other."""
