"""Everything that comes in, from a provider's bytes to what staff see.

service.py           one body: received, answered, its failures tried again
intake.py            is it to be believed, and whose items does it hold?
taking.py            its items, many at a time, and alone what is at fault
arrivals.py          messages: what they need is loaded, decided, written
reception.py         who is writing: accounts, guests, stays, open conversations, all locked
visitor.py           what is known of one guest while they write
guest_desk.py        what one message brings about
changes.py           what a batch will write
corrections.py       edits and revocations
identities.py        numbers and user ids that changed, what guests want to get
delivery_reports.py  sent, delivered, read, failed
phrases.py           what the desk itself says to guests
"""
