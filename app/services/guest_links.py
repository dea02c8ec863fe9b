"""Personal links: sent to a guest's very number, so that whoever opens one has that guest's phone in hand.

The message that staff see holds the sentence alone. The address is put to it when it leaves (``sending/outgoing.py``),
the same at each try, and stands nowhere else.
"""

from typing import Final

import msgspec

from app.core.clock import Clock, end_of
from app.core.drafts import Draft
from app.core.errors import Conflict
from app.core.links import LinkTerms
from app.core.phones import variants
from app.core.principal import Principal
from app.core.types import MessageType, Platform
from app.flows.texts import in_language
from app.services.sending.outgoing import GUEST_LINK, Piece
from app.services.sending.service import SendingService, Sent
from app.services.staying import is_staying
from app.store.conversations import ConversationState
from app.store.unit_of_work import UnitOfWork

SENTENCE: Final = {
    "en": "This is your personal link to our messages. It is for you alone, opens once, and ends with your stay.",
    "pt": "Esta é a sua ligação pessoal às nossas mensagens. É só para si, abre uma vez e termina com a sua estadia.",
    "es": "Este es su enlace personal a nuestros mensajes. Es solo para usted, se abre una vez y termina con "
    "su estancia.",
    "fr": "Voici votre lien personnel vers nos messages. Il est pour vous seul, s'ouvre une fois et finit avec votre "
    "séjour.",
    "de": "Das ist Ihr persönlicher Link zu unseren Nachrichten. Er ist nur für Sie, öffnet sich einmal und endet mit "
    "Ihrem Aufenthalt.",
}


class GuestLinkService:
    def __init__(self, *, sending: SendingService, clock: Clock) -> None:
        self._sending = sending
        self._clock = clock

    async def send(self, principal: Principal, conversation_id: int, terms: Draft) -> Sent:
        """Send the guest of a conversation a link; those that were sent for this stay and not used are worth nothing
        any more. Of ``terms`` counts how it is to go, as for every message.

        Raises as ``SendingService.send`` does, and Conflict: ``not_staying``; ``not_to_their_number`` where the
        conversation does not lead to the guest's own number on WhatsApp.
        """
        return await self._sending.post(principal, conversation_id, self._compose, terms)

    async def _compose(self, work: UnitOfWork, conversation: ConversationState) -> list[Piece]:
        now = self._clock()
        stay = None
        if conversation.stay_id is not None:
            stay = await work.guest_sessions.lock_stay(conversation.stay_id)
        if stay is None or not is_staying(stay, now):
            raise Conflict("The guest of this conversation is not staying just now.", code="not_staying")
        if conversation.platform is not Platform.WHATSAPP or conversation.address not in variants(stay.number):
            raise Conflict(
                "A link goes to the guest's own number on WhatsApp only, and this conversation does not.",
                code="not_to_their_number",
            )
        expires_at = end_of(stay.check_out, stay.timezone)
        link_id = await work.guest_sessions.add_link(stay, stay.number, now=now, expires_at=expires_at)
        terms = LinkTerms(id=link_id, stay_id=stay.stay_id, number=stay.number, expires=int(expires_at.timestamp()))
        text = in_language(SENTENCE, conversation.guest_language or stay.hotel_language)
        return [Piece(type=MessageType.TEXT, content=text, extra={GUEST_LINK: msgspec.structs.asdict(terms)})]
