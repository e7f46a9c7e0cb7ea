"""DNS zones through octoDNS, on real name servers."""
