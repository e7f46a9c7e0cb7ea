"""Plan, verdict, drift and run as text, Markdown and JSON: pure, for CLI, web and forge comments."""
