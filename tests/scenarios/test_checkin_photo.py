"""The photo of a guest's document, from their phone to reception's screen, and to nobody else's."""

from datetime import timedelta

import httpx

from app.bootstrap import media_links
from app.core.links import Variant
from app.core.settings import Settings
from app.core.types import Department, MediaState, StayStatus, UserType
from app.main import create_app
from app.models import AuditEntry, Media
from app.store.database import Database
from tests import files
from tests.desk import GUEST
from tests.eventually import eventually
from tests.fake_graph import FakeGraph
from tests.ledger import Ledger
from tests.serving import PLAIN, serve
from tests.world import WEBHOOK, World, signed_in


async def test_the_check_in_photo_ends_as_a_document_that_only_reception_sees(
    settings: Settings, world: World, database: Database, fake_graph: FakeGraph
) -> None:
    ledger, hotel = Ledger(database), await world.hotel()
    rita = await world.user(hotel, "rita")
    await world.user(hotel, "walt", UserType.DEPARTMENT_STAFF, (Department.ROOM_SERVICE,))
    stay_id = await world.guest(hotel, stay=StayStatus.PENDING)

    async def stored() -> bool:
        return (await ledger.row(Media)).state is MediaState.STORED

    async with serve(create_app(settings)) as url, httpx.AsyncClient(base_url=url, verify=PLAIN) as client:
        await fake_graph.configure(webhook_url=url + WEBHOOK)
        for text in ("Hello", "doe, JOHN"):
            await fake_graph.guest_writes(GUEST, text)
        await fake_graph.guest_sends_file(GUEST, files.photo_from_a_phone())
        await eventually(stored)
        reception, waiter = await signed_in(client, "rita"), await signed_in(client, "walt")
        documents = f"/api/stays/{stay_id}/documents/"

        [listed] = (await client.get(documents, headers=reception)).json()
        month_after_check_out = str(world.today + timedelta(days=3 + 30))
        assert (listed["state"], listed["mime_type"]) == ("stored", "image/jpeg")
        assert listed["delete_after"] == month_after_check_out
        assert not await ledger.rows(AuditEntry)

        shown = await client.get(f"{documents}{listed['id']}/", headers=reception)
        small = await client.get(f"{documents}{listed['id']}/?variant=thumbnail", headers=reception)
        assert (shown.status_code, shown.headers["content-type"]) == (200, "image/jpeg")
        assert b"SecretMaker" not in shown.content
        assert shown.headers["cache-control"] == "private, no-store"
        assert (small.status_code, small.headers["content-type"]) == (200, "image/webp")
        looks = await ledger.rows(AuditEntry)
        assert [(each.user_id, each.details["variant"]) for each in looks] == [
            (rita, "original"),
            (rita, "thumbnail"),
        ]

        assert (await client.get(f"{documents}{listed['id']}/", headers=waiter)).status_code == 403
        link = media_links(settings).url(listed["id"], Variant.ORIGINAL).removeprefix(settings.public_url)
        assert (await client.get(link)).status_code == 404
        assert len(await ledger.rows(AuditEntry)) == 2
