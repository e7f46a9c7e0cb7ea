"""DNS: zones as code, through octoDNS."""
