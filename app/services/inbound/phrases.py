"""What Lobby itself says to guests, beside the flows: the few things that hold for every hotel, in five languages."""

from typing import Final

from app.channels.items import InboundMessage
from app.core.types import MessageType
from app.flows.matching import fold

TOO_BIG: Final = {
    "en": "That file is too big for us to receive. Please send a smaller one.",
    "pt": "O ficheiro é demasiado grande para o recebermos. Envie um mais pequeno, por favor.",
    "es": "El archivo es demasiado grande para recibirlo. Por favor, envíe uno más pequeño.",
    "fr": "Ce fichier est trop volumineux pour nous parvenir. Veuillez en envoyer un plus petit.",
    "de": "Diese Datei ist zu groß, wir können sie nicht empfangen. Bitte senden Sie eine kleinere.",
}
STOPPED: Final = {
    "en": "Understood: we will write only to answer you. Send START if you change your mind.",
    "pt": "Entendido: só escreveremos para lhe responder. Envie START se mudar de ideias.",
    "es": "Entendido: solo escribiremos para responderle. Envíe START si cambia de opinión.",
    "fr": "C'est noté : nous n'écrirons que pour vous répondre. Envoyez START si vous changez d'avis.",
    "de": "Verstanden: Wir schreiben nur noch, um Ihnen zu antworten. Mit START nehmen Sie das zurück.",
}
RESUMED: Final = {
    "en": "Welcome back: you will get our messages again.",
    "pt": "Bem-vindo de volta: voltará a receber as nossas mensagens.",
    "es": "Bienvenido de nuevo: volverá a recibir nuestros mensajes.",
    "fr": "Bon retour : vous recevrez de nouveau nos messages.",
    "de": "Willkommen zurück: Sie erhalten unsere Nachrichten wieder.",
}

_STOP: Final = (
    *("stop", "stop all", "stop promotions", "unsubscribe", "opt out", "optout"),
    *("parar", "pare", "remover", "cancelar subscrição", "descadastrar"),
    *("baja", "darme de baja", "no molestar"),
    *("arrêter", "arrêt", "désabonner", "me désabonner", "désinscrire"),
    *("stopp", "abmelden", "abbestellen"),
)
_START: Final = (
    *("start", "unstop", "resume", "subscribe", "opt in"),
    *("retomar", "subscrever"),
    *("alta", "reanudar", "suscribir"),
    *("reprendre", "abonner", "m'abonner"),
    *("anmelden", "fortsetzen"),
)
_STOP_WORDS: Final = frozenset(map(fold, _STOP))
_START_WORDS: Final = frozenset(map(fold, _START))
_WRITTEN: Final = frozenset({MessageType.TEXT, MessageType.BUTTON, MessageType.INTERACTIVE, MessageType.CALLBACK_QUERY})
_LONGEST: Final = 40


def wants_out(item: InboundMessage) -> bool:
    """Whether a guest asks to be left alone: nothing but that stands in the message, or on the button."""
    return not _said(item).isdisjoint(_STOP_WORDS)


def wants_in(item: InboundMessage) -> bool:
    """Whether a guest takes that back. Only of somebody who had asked for it: these words may mean something else."""
    return not _said(item).isdisjoint(_START_WORDS)


def _said(item: InboundMessage) -> set[str]:
    if item.group is not None or item.wordless or item.type not in _WRITTEN:
        return set()
    return {fold(said) for said in (item.text, item.choice or "") if 0 < len(said) <= _LONGEST}
