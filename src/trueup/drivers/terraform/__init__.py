"""Terraform and OpenTofu: plans, applies, causes in code."""
