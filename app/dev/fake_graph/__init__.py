"""A stand-in for Meta: the Graph API that the real sender calls, and the phones whose messages reach the real webhook.

For development and tests. It holds everything in memory and forgets it when it ends.

    config.py    the numbers, the guests, and where webhooks go
    requests.py  what Meta accepts, and how it refuses
    faults.py    being told to fail
    webhooks.py  webhook bodies, signed and posted, repeated until answered with 200
    state.py     what was accepted, and the phones' logs
    app.py       the routes
    server.py    serving them
    page/        the simulated phone, a page for the browser
"""

from app.dev.fake_graph.app import create_fake_graph
from app.dev.fake_graph.config import FakeGraphConfig, GuestPhone, Number
from app.dev.fake_graph.server import serve

__all__ = ["FakeGraphConfig", "GuestPhone", "Number", "create_fake_graph", "serve"]
