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
STAY_CONFIRMED: Final = {
    "en": "Thank you: the reception has confirmed your stay in room {room}. We are here for you in this chat.",
    "pt": "Obrigado: a receção confirmou a sua estadia no quarto {room}. Estamos aqui para si neste chat.",
    "es": "Gracias: la recepción ha confirmado su estancia en la habitación {room}. Estamos aquí para usted en este "
    "chat.",
    "fr": "Merci : la réception a confirmé votre séjour en chambre {room}. Nous sommes là pour vous dans ce chat.",
    "de": "Danke: Die Rezeption hat Ihren Aufenthalt in Zimmer {room} bestätigt. Wir sind in diesem Chat für Sie da.",
}
STAY_REFUSED: Final = {
    "en": "The reception could not find your stay by this name and room. Please check them, or ask at the desk.",
    "pt": "A receção não encontrou a sua estadia com este nome e quarto. Verifique-os, ou pergunte na receção.",
    "es": "La recepción no ha encontrado su estancia con este nombre y habitación. Compruébelos o pregunte en "
    "recepción.",
    "fr": "La réception n'a pas trouvé votre séjour à ce nom et dans cette chambre. Vérifiez-les, ou demandez à "
    "l'accueil.",
    "de": "Die Rezeption konnte Ihren Aufenthalt mit diesem Namen und Zimmer nicht finden. Bitte prüfen Sie beides, "
    "oder fragen Sie an der Rezeption.",
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


def is_wish(item: InboundMessage, *, opted_out: bool) -> bool:
    """Whether it is about messages as such: the flow hears nothing of it."""
    return wants_out(item) or (opted_out and wants_in(item))


def _said(item: InboundMessage) -> set[str]:
    if item.group is not None or item.wordless or item.type not in _WRITTEN:
        return set()
    return {fold(said) for said in (item.text, item.choice or "") if 0 < len(said) <= _LONGEST}
