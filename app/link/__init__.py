"""How it travels: the network."""

from app.later import later

# websockets imports them when it starts. The first one is of no use to it, the second one only
# where there may be a proxy; together they take 2 MiB.
later("importlib.metadata", "urllib.request")
