"""What staff do with a conversation: begin, close, reopen, hand over, take, annotate.

service.py    what may be called
creating.py   beginning one with a guest
moving.py     closing, reopening, handing over to a department, giving back to the flow
assigning.py  who of the staff takes care of it
prioritising.py  how urgent it is
noting.py     notes among staff
turns.py      the rules that several of these and ``sending/`` share: whose turn it is, and what is told of a change

Every change locks the conversation's row first, and looks at what is, and at the clock, after that: of two at once the
second is told so (409), and is the later one. Where what is to be changed was another thing when the call began, the
second is told that, too: nobody undoes unknowingly what a colleague did in the same moment.
"""
