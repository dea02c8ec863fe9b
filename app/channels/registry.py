"""Which channel serves a platform. Filled once, by the composition root."""

from collections.abc import Iterable, Iterator

from app.channels.base import Channel
from app.core.types import Platform


class UnknownPlatform(LookupError):
    """No channel serves this platform here."""

    def __init__(self, platform: Platform) -> None:
        super().__init__(f"No channel serves {platform}.")
        self.platform = platform


class ChannelRegistry:
    """The channels, one per platform."""

    def __init__(self, channels: Iterable[Channel]) -> None:
        """Raises ValueError where two channels claim one platform."""
        self._channels: dict[Platform, Channel] = {}
        for channel in channels:
            if channel.platform in self._channels:
                raise ValueError(f"two channels for {channel.platform}")
            self._channels[channel.platform] = channel

    def get(self, platform: Platform) -> Channel:
        """The platform's channel. Raises UnknownPlatform."""
        try:
            return self._channels[platform]
        except KeyError:
            raise UnknownPlatform(platform) from None

    def __contains__(self, platform: Platform) -> bool:
        return platform in self._channels

    def __iter__(self) -> Iterator[Channel]:
        return iter(self._channels.values())
