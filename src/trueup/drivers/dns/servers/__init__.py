"""What name servers and providers are asked beside octoDNS."""
