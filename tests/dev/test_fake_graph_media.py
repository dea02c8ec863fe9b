"""Files at the fake Meta: taken, found, fetched, refused, run out and spoiled as at the real one."""

import base64
import hashlib
from collections.abc import AsyncIterator
from typing import Any

import httpx
import pytest

from app.dev.fake_graph.media import KB, MB
from tests.dev.meta import FIRST, GUEST, SECOND, Graph, bearer, code_of, running

JPEG = b"\xff\xd8\xff\xe0 a picture"
PNG = b"\x89PNG\r\n\x1a\n a picture"
PDF = b"%PDF-1.7 a bill"
WEBP = b"RIFF\x10\x00\x00\x00WEBPVP8 "
MOVING_WEBP = b"RIFF\x10\x00\x00\x00WEBPVP8X\x0a\x00\x00\x00\x02"


@pytest.fixture
async def graph() -> AsyncIterator[Graph]:
    async with running() as graph:
        yield graph


async def upload(
    graph: Graph, data: bytes = JPEG, mime_type: str = "image/jpeg", *, fields: dict[str, str] | None = None
) -> httpx.Response:
    fields = {"messaging_product": "whatsapp", "type": mime_type} if fields is None else fields
    return await graph.client.post(
        f"/v23.0/{FIRST.phone_number_id}/media",
        data=fields,
        files={"file": ("a file", data, mime_type)},
        headers=bearer(),
    )


async def uploaded(graph: Graph, data: bytes = JPEG, mime_type: str = "image/jpeg") -> str:
    media_id: str = (await upload(graph, data, mime_type)).raise_for_status().json()["id"]
    return media_id


async def look_up(graph: Graph, media_id: str, **query: str) -> httpx.Response:
    return await graph.client.get(f"/v23.0/{media_id}", params=query, headers=bearer())


async def address(graph: Graph, media_id: str) -> str:
    url: str = (await look_up(graph, media_id)).raise_for_status().json()["url"]
    return url


async def spoil(graph: Graph, kind: str, **fault: Any) -> None:
    (await graph.client.post("/_fake/faults/media", json={"kind": kind} | fault)).raise_for_status()


async def test_a_file_goes_up_is_found_and_comes_down_again(graph: Graph) -> None:
    media_id = await uploaded(graph)
    found = (await look_up(graph, media_id, phone_number_id=FIRST.phone_number_id)).json()
    fetched = await graph.client.get(found["url"], headers=bearer())
    assert fetched.content == JPEG
    assert fetched.headers["content-type"] == found["mime_type"] == "image/jpeg"
    assert found == {
        "messaging_product": "whatsapp",
        "url": found["url"],
        "mime_type": "image/jpeg",
        "sha256": hashlib.sha256(JPEG).hexdigest(),
        "file_size": len(JPEG),
        "id": media_id,
    }
    assert found["url"].startswith(str(graph.client.base_url))


@pytest.mark.parametrize(
    ("data", "mime_type"),
    [
        (PNG, "image/png"),
        (PDF, "application/pdf"),
        (b"notes", "text/plain"),
        (b"OggS", "audio/ogg; codecs=opus"),
        (b"moving", "video/mp4"),
        (JPEG.ljust(5 * MB), "image/jpeg"),
        (WEBP.ljust(100 * KB), "image/webp"),
        (MOVING_WEBP.ljust(500 * KB), "image/webp"),
    ],
)
async def test_a_file_that_meta_takes_is_taken(graph: Graph, data: bytes, mime_type: str) -> None:
    assert (await upload(graph, data, mime_type)).status_code == 200


@pytest.mark.parametrize(
    ("data", "mime_type"),
    [
        (b"GIF89a", "image/gif"),
        (b"<svg/>", "image/svg+xml"),
        (b"PK", "application/zip"),
        (PDF, "image/jpeg"),
        (b"", "image/jpeg"),
        (JPEG.ljust(5 * MB + 1), "image/jpeg"),
        (b"x" * (16 * MB + 1), "audio/mpeg"),
        (WEBP.ljust(100 * KB + 1), "image/webp"),
        (MOVING_WEBP.ljust(500 * KB + 1), "image/webp"),
    ],
)
async def test_a_file_that_meta_refuses_is_refused(graph: Graph, data: bytes, mime_type: str) -> None:
    assert code_of(await upload(graph, data, mime_type)) == (400, 131053)


async def test_an_upload_names_its_product_and_its_file(graph: Graph) -> None:
    assert code_of(await upload(graph, fields={})) == (400, 100)
    url = f"/v23.0/{FIRST.phone_number_id}/media"
    without_file = await graph.client.post(url, data={"messaging_product": "whatsapp"}, headers=bearer())
    assert code_of(without_file) == (400, 100)
    assert code_of(await graph.client.post(url, json={"messaging_product": "whatsapp"}, headers=bearer())) == (400, 100)


async def test_no_step_goes_without_the_bearer_of_the_files_own_number(graph: Graph) -> None:
    media_id = await uploaded(graph)
    url = await address(graph, media_id)
    for path in (f"/v23.0/{media_id}", url):
        assert code_of(await graph.client.get(path)) == (401, 190)
        foreign = await graph.client.get(path, headers=bearer(SECOND))
        assert foreign.json()["error"]["error_subcode"] == 33
    assert code_of(await graph.client.post(f"/v23.0/{FIRST.phone_number_id}/media")) == (401, 190)
    assert code_of(await graph.client.delete(f"/v23.0/{media_id}", headers=bearer(SECOND))) == (400, 100)


async def test_an_id_is_looked_up_for_its_own_number_only(graph: Graph) -> None:
    answer = await look_up(graph, await uploaded(graph), phone_number_id=SECOND.phone_number_id)
    assert code_of(answer) == (400, 100)


async def test_a_deleted_file_is_gone_and_so_is_its_address(graph: Graph) -> None:
    media_id = await uploaded(graph)
    url = await address(graph, media_id)
    deleted = await graph.client.delete(f"/v23.0/{media_id}", headers=bearer())
    assert deleted.json() == {"success": True}
    assert code_of(await look_up(graph, media_id)) == (400, 100)
    assert code_of(await graph.client.get(url, headers=bearer())) == (404, 100)


async def test_an_address_runs_out_and_another_can_be_had(graph: Graph) -> None:
    media_id = await uploaded(graph)
    await graph.configure(media_url_seconds=0)
    expired = await graph.client.get(await address(graph, media_id), headers=bearer())
    assert code_of(expired) == (404, 100)
    await graph.configure(media_url_seconds=300)
    assert (await graph.client.get(await address(graph, media_id), headers=bearer())).content == JPEG


async def test_an_id_runs_out_too(graph: Graph) -> None:
    media_id = await uploaded(graph)
    await graph.configure(media_seconds=0)
    answer = await look_up(graph, media_id)
    assert code_of(answer) == (400, 100)
    assert answer.json()["error"]["error_subcode"] == 33


async def test_an_id_that_an_example_names_is_a_picture(graph: Graph) -> None:
    picture = await graph.client.get(await address(graph, "media_id"), headers=bearer())
    assert picture.headers["content-type"] == "image/jpeg"
    assert picture.content.startswith(b"\xff\xd8\xff")
    assert code_of(await look_up(graph, "4100000000000001")) == (400, 100)
    await graph.configure(any_media=False)
    assert code_of(await look_up(graph, "media_id")) == (400, 100)


def as_message(kind: str, media_id: str) -> dict[str, Any]:
    return {"messaging_product": "whatsapp", "to": f"+{GUEST}", "type": kind, kind: {"id": media_id}}


async def test_what_was_uploaded_can_be_sent_by_its_own_number(graph: Graph) -> None:
    media_id = await uploaded(graph)
    assert (await graph.send(as_message("image", media_id))).status_code == 200
    assert code_of(await graph.send(as_message("image", media_id), number=SECOND)) == (400, 131009)


async def test_what_was_never_uploaded_cannot_be_sent(graph: Graph) -> None:
    from_guest = await graph.client.post("/_fake/media", content=JPEG, headers={"Content-Type": "image/jpeg"})
    for media_id in ("4100000000000001", "media_id", from_guest.json()["id"]):
        assert code_of(await graph.send(as_message("image", media_id))) == (400, 131009)
    assert await graph.sent() == []


async def test_a_file_is_sent_as_what_it_is(graph: Graph) -> None:
    media_id = await uploaded(graph, PDF, "application/pdf")
    assert code_of(await graph.send(as_message("image", media_id))) == (400, 131053)
    assert (await graph.send(as_message("document", media_id))).status_code == 200


async def test_the_hash_of_an_answer_can_be_spelled_both_ways_or_wrong(graph: Graph) -> None:
    media_id = await uploaded(graph)
    digest = hashlib.sha256(JPEG).digest()
    for kind in ("sha256_base64", "sha256_hex", "wrong_sha256"):
        await spoil(graph, kind)
    hashes = [(await look_up(graph, media_id)).json()["sha256"] for _ in range(4)]
    assert hashes == [base64.b64encode(digest).decode(), digest.hex(), "0" * 64, digest.hex()]


async def test_an_answer_can_lead_to_another_host_or_to_nothing_once(graph: Graph) -> None:
    media_id = await uploaded(graph)
    await spoil(graph, "other_host", url="http://127.0.0.2:9/file")
    assert await address(graph, media_id) == "http://127.0.0.2:9/file"
    await spoil(graph, "expired")
    tries = [(await graph.client.get(await address(graph, media_id), headers=bearer())).status_code for _ in range(2)]
    assert tries == [404, 200]


async def test_a_download_can_lead_elsewhere_or_fail(graph: Graph) -> None:
    url = await address(graph, await uploaded(graph))
    await spoil(graph, "redirect", url="http://127.0.0.2:9/file")
    for status in (404, 410, 503):
        await spoil(graph, "status", status=status)
    answers = [await graph.client.get(url, headers=bearer()) for _ in range(5)]
    assert [each.status_code for each in answers] == [302, 404, 410, 503, 200]
    assert answers[0].headers["location"] == "http://127.0.0.2:9/file"


async def test_a_download_can_be_longer_than_was_said_or_slow(graph: Graph) -> None:
    url = await address(graph, await uploaded(graph))
    await spoil(graph, "longer", extra=7)
    await spoil(graph, "slow", seconds=0.01)
    assert len((await graph.client.get(url, headers=bearer())).content) == len(JPEG) + 7
    assert (await graph.client.get(url, headers=bearer())).content == JPEG


async def test_a_download_can_end_in_the_middle(graph: Graph) -> None:
    url = await address(graph, await uploaded(graph))
    await spoil(graph, "cut")
    with pytest.raises(httpx.RemoteProtocolError):
        await graph.client.get(url, headers=bearer())
    assert (await graph.client.get(url, headers=bearer())).content == JPEG


async def test_a_fault_of_one_file_leaves_the_others_alone_and_a_lookup_can_fail(graph: Graph) -> None:
    first, second = await uploaded(graph), await uploaded(graph)
    await spoil(graph, "status", at="lookup", status=500, media_id=first, times=0)
    assert [(await look_up(graph, each)).status_code for each in (first, second, first)] == [500, 200, 500]
    await graph.client.delete("/_fake/faults")
    assert (await look_up(graph, first)).status_code == 200


@pytest.mark.parametrize("fault", [{}, {"kind": "torn"}, {"kind": "cut", "at": "lookup"}, {"kind": "cut", "tims": 1}])
async def test_a_fault_that_is_none_is_refused(graph: Graph, fault: dict[str, Any]) -> None:
    assert (await graph.client.post("/_fake/faults/media", json=fault)).status_code == 400


async def test_a_guest_sends_a_file_in_one_call_and_the_hotel_can_fetch_it(graph: Graph) -> None:
    answer = await graph.client.post(
        f"/_fake/phone/{GUEST}/media",
        content=JPEG,
        headers={"Content-Type": "image/jpeg"},
        params={"send": "1", "caption": "The shower", "phone_number_id": FIRST.phone_number_id},
    )
    item = await graph.hotel.next_message()
    assert (item.type, item.text, item.external_id) == ("image", "The shower", answer.json()["id"])
    assert item.media is not None
    assert item.media.sha256 == base64.b64encode(hashlib.sha256(JPEG).digest()).decode()
    fetched = await graph.client.get(await address(graph, item.media.provider_id), headers=bearer())
    assert fetched.content == JPEG


async def test_a_guest_sends_a_document_from_a_form_under_its_name(graph: Graph) -> None:
    await graph.client.post(
        f"/_fake/phone/{GUEST}/media",
        files={"file": ("bill.pdf", PDF, "application/pdf")},
        params={"send": "1"},
    )
    item = await graph.hotel.next_message()
    assert item.type == "document"
    assert item.media is not None
    assert (item.media.filename, item.media.mime_type) == ("bill.pdf", "application/pdf")


async def test_a_voice_note_says_that_it_is_one(graph: Graph) -> None:
    await graph.client.post(
        f"/_fake/phone/{GUEST}/media",
        content=b"OggS",
        headers={"Content-Type": "audio/ogg; codecs=opus"},
        params={"send": "1", "voice": "1"},
    )
    item = await graph.hotel.next_message()
    assert item.media is not None
    assert item.media.voice


async def test_a_file_can_be_put_under_an_id_of_ones_own(graph: Graph) -> None:
    answer = await graph.client.post(
        "/_fake/media", content=PNG, headers={"Content-Type": "image/png"}, params={"id": "410000000000001"}
    )
    assert (answer.status_code, answer.json()["id"]) == (201, "410000000000001")
    assert (await look_up(graph, "410000000000001")).json()["mime_type"] == "image/png"


@pytest.mark.parametrize(
    ("mime_type", "disposition"),
    [("image/png", "inline"), ("text/html", "attachment"), ("image/svg+xml", "attachment")],
)
async def test_the_page_shows_a_guests_file_and_runs_nothing_of_it(
    graph: Graph, mime_type: str, disposition: str
) -> None:
    sent = await graph.client.post("/_fake/media", content=b"<script>", headers={"Content-Type": mime_type})
    shown = await graph.client.get(f"/_fake/media/{sent.json()['id']}")
    assert shown.headers["content-disposition"] == disposition
    assert shown.headers["content-security-policy"] == "default-src 'none'; sandbox"
    assert shown.headers["x-content-type-options"] == "nosniff"
