"""Notes: what staff write for one another beside what the guest sees."""

from typing import Final
from uuid import UUID

from app.core.clock import Clock
from app.core.errors import Invalid
from app.core.events import MessageCreated
from app.core.principal import Principal
from app.core.text import is_blank
from app.core.types import MessageOrigin, SenderType
from app.core.views import MessageView
from app.services.locking import lock_visible
from app.services.once import earlier, used_elsewhere
from app.store.messages import NewMessage
from app.store.unit_of_work import UnitOfWork

LONGEST_NOTE: Final = 4096
"""Characters: as much as one message."""


async def note(
    work: UnitOfWork,
    principal: Principal,
    conversation_id: int,
    content: str,
    clock: Clock,
    *,
    client_message_id: UUID | None = None,
) -> MessageView:
    """Stands among the messages and changes nothing about the conversation: nothing leaves, nobody waits less."""
    conversation, _ = await lock_visible(work, principal, conversation_id)
    if (first := await earlier(work, principal, conversation_id, client_message_id)) is not None:
        return first
    at = clock()  # not before: it stands behind what it waited for
    stored = await work.messages.add(
        NewMessage(
            hotel_id=conversation.hotel_id,
            conversation_id=conversation.id,
            channel_id=conversation.channel_id,
            chat=conversation.chat,
            sender_type=SenderType.STAFF,
            origin=MessageOrigin.STAFF,
            sender_name=principal.name,
            staff_user_id=principal.user_id,
            content=_checked(content.strip()),
            is_note=True,
            client_message_id=client_message_id,
            created_at=at,
        )
    )
    if stored is None:  # in this moment, by the same client, in another conversation
        raise used_elsewhere(client_message_id)
    await work.reading.note_reader(conversation.id, principal.user_id, at)
    work.emit(conversation.hotel_id, MessageCreated(conversation=conversation.ref(), message=stored))
    return stored


def _checked(text: str) -> str:
    if is_blank(text):
        raise _unfit("empty_text", "The note is empty.")
    if len(text) > LONGEST_NOTE:
        raise _unfit("text_too_long", f"The note has {len(text)} characters; it may have {LONGEST_NOTE}.")
    return text


def _unfit(code: str, sentence: str) -> Invalid:
    return Invalid(sentence, code=code, details={"content": [sentence]})
