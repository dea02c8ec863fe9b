"""What visitors' chats are called: the default one bears the account's id, others the names that the client gives.

Names are the account's own: the same name of somebody else is another chat. ``webchat_`` is for accounts' ids, so by
such a name only one's own is found.
"""

import re
from typing import Final

from app.core.errors import Invalid, NotFound
from app.core.principal import VisitorPrincipal
from app.services.webchat.visitors import OF_GUEST
from app.store.unit_of_work import UnitOfWork
from app.store.webchat import ChatRecord

RESERVED: Final = "webchat_"
LONGEST_ID: Final = 128

_ID: Final = re.compile(rf"(?!\.{{1,2}}\Z)[\w.:@~+=-]{{1,{LONGEST_ID}}}")
_OF_AN_ACCOUNT: Final = re.compile(r"webchat_(user_[0-9]+|guest_[0-9a-f]+)")


async def find_chat(work: UnitOfWork, visitor: VisitorPrincipal, chat_id: str | None) -> ChatRecord | None:
    """The visitor's chat that is, or once was, called so; None for one that has not begun. Without a name, the default.

    Raises Invalid ``bad_chat_id`` for what no chat can be called, NotFound for a chat of somebody else.
    """
    name = await chat_name(work, visitor, chat_id)
    found = await work.webchat.chat(visitor.channel_id, visitor.account, name)
    if found is None and name != visitor.account and name.startswith(RESERVED):
        raise NotFound("There is no such chat.", code="no_such_chat")
    return found


async def chat_name(work: UnitOfWork, visitor: VisitorPrincipal, chat_id: str | None) -> str:
    """What the visitor's chat of this name is called, begun or not: without a name it is their default one, to which
    leads the id that it had before they signed in. Raises Invalid ``bad_chat_id``."""
    name = visitor.account if chat_id is None else check_chat_id(chat_id)
    if visitor.user is None or not name.startswith(OF_GUEST):
        return name
    is_own = await work.webchat.has_become(name.removeprefix(OF_GUEST), visitor.user.user_id)
    return visitor.account if is_own else name


def check_chat_id(chat_id: str) -> str:
    """The id, where it can be one: letters, digits and ``_ - . : @ ~ + =``, 128 at most, so that it fits into a path.
    ``webchat_`` is followed by what an account's id has. Raises Invalid."""
    if _ID.fullmatch(chat_id) is None:
        raise _bad_id(f"1 to {LONGEST_ID} letters, digits and characters of _ - . : @ ~ + =.")
    if chat_id.lower().startswith(RESERVED) and _OF_AN_ACCOUNT.fullmatch(chat_id) is None:
        raise _bad_id(f"{RESERVED} begins the ids of accounts, and of no other chats.")
    return chat_id


def _bad_id(sentence: str) -> Invalid:
    return Invalid("This cannot be the id of a chat.", code="bad_chat_id", details={"chat_id": [sentence]})
