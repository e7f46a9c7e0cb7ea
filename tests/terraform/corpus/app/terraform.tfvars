# What this stack is called by
team = "core"
