"""Headers that every answer carries: an API's answers are neither kept, framed, sniffed nor run."""

SECURITY = {
    "Cache-Control": "no-store",
    "Content-Security-Policy": "default-src 'none'; frame-ancestors 'none'",
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
}

AS = "x-trueup-as"
"""Who is asking, percent-encoded UTF-8, with the owner's token: that one belongs to a machine and to no person."""

BOUNDARY = "x-trueup-boundary"
"""`none`: the name was only claimed, as whoever has the data directory can. `token`: a personal token proved it."""
KEY = "x-api-key"
"""A token, where the sender cannot write `Bearer` in front of it."""
