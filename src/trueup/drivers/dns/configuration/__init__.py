"""What a stack's octoDNS configuration says, read and checked before octoDNS sees it."""
