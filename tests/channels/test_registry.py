"""One channel per platform."""

import pytest

from app.channels.registry import ChannelRegistry, UnknownPlatform
from app.channels.whatsapp import WhatsApp
from app.core.types import Platform


def test_a_platform_gets_its_channel(channel: WhatsApp) -> None:
    registry = ChannelRegistry([channel])
    assert registry.get(Platform.WHATSAPP) is channel
    assert Platform.WHATSAPP in registry
    assert list(registry) == [channel]


def test_a_platform_that_nobody_serves_is_named(channel: WhatsApp) -> None:
    with pytest.raises(UnknownPlatform, match="Telegram"):
        ChannelRegistry([channel]).get(Platform.TELEGRAM)


def test_two_channels_for_one_platform_are_refused(channel: WhatsApp) -> None:
    with pytest.raises(ValueError, match="WhatsApp"):
        ChannelRegistry([channel, channel])
