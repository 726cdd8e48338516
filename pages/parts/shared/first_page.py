"""Whether this server has sent a page yet: until then, what can wait does, because beside each other both are slow."""

from threading import Event

sent = Event()
