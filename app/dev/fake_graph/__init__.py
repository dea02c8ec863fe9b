"""A stand-in for Meta: the Graph API that the real sender calls, and the phones whose messages reach the real webhook.

For development and tests. It holds everything in memory and forgets it when it ends.

    config.py          the numbers, the guests, where webhooks go, and what is strict
    errors.py          Meta's codes, and the form of a refusal
    requests.py        what Meta accepts as a message; parts.py: of what it is made
    messages.py        a message is checked, spoiled, accepted, reported on and written down (ledger.py)
    spoiling.py        answers to sends that were told to fail
    instagram.py       Instagram: the same, and what its guests do
    media.py           files; media_routes.py: up and down; media_faults.py: spoiled
    template.py        templates; template_check.py: filled in; template_routes.py: listed
    limits.py          pair rate, throughput, the 24-hour window
    faults.py          being told to fail
    webhooks.py        webhook bodies, signed and posted, repeated until answered with 200
    reporting.py       the statuses of what was accepted
    state.py           what was accepted, and the phones (phone.py, shown.py)
    phone_routes.py    what a phone does; control.py: what a test asks
    guard.py           keeps web pages of others away
    app.py, server.py  all of it, served
    page/              the simulated phone, a page for the browser
"""

from app.dev.fake_graph.app import create_fake_graph
from app.dev.fake_graph.config import FakeGraphConfig, GuestPhone, InstagramAccount, Number
from app.dev.fake_graph.server import serve

__all__ = ["FakeGraphConfig", "GuestPhone", "InstagramAccount", "Number", "create_fake_graph", "serve"]
