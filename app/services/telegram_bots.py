"""Where Telegram sends the updates of the hotels' bots: told by ``lobby telegram set-webhook``."""

import msgspec

from app.channels.base import Credentials, SendOutcome
from app.channels.telegram import Telegram
from app.core.types import Platform
from app.core.vault import SealBroken, Vault
from app.store.channels import ChannelRecord
from app.store.database import Database


class BotWebhook(msgspec.Struct, frozen=True, kw_only=True):
    """A bot by its id, and the address to which its updates go now; ``fault`` says why not."""

    bot: str
    hotel: str
    url: str
    fault: str | None = None


async def set_webhooks(database: Database, vault: Vault, telegram: Telegram, public_url: str) -> list[BotWebhook]:
    """Have Telegram send here what concerns every bot in use. Done again, it changes nothing; one that fails is in no
    other's way. Raises Unavailable where the database is away."""
    async with database.read() as work:
        bots = await work.channels.of_platform(Platform.TELEGRAM)
    found = []
    for bot in bots:
        url = f"{public_url.rstrip('/')}/api/webhooks/telegram/{bot.account}/"
        fault = await _set_webhook(bot, url, vault, telegram)
        found.append(BotWebhook(bot=bot.account, hotel=bot.hotel_name, url=url, fault=fault))
    return found


async def _set_webhook(bot: ChannelRecord, url: str, vault: Vault, telegram: Telegram) -> str | None:
    """What is wrong, if anything is."""
    try:
        credentials = vault.open(bot.credentials, Credentials)
    except SealBroken as error:
        return str(error)
    if not credentials.app_secret:
        return "It has no secret, so no update would be believed: import it with one."
    result = await telegram.set_webhook(url, credentials)
    return None if result.outcome is SendOutcome.ACCEPTED else result.detail or "Telegram gave no reason."
