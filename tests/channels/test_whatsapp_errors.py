"""Meta's codes decide what happens next, in refusals and in failed statuses alike."""

import httpx
import pytest

from app.channels.base import SendOutcome
from app.channels.whatsapp import WhatsApp
from app.channels.whatsapp.errors import OUTCOMES, explain, outcome_of
from tests.channels.conftest import CREDENTIALS, HOTEL_NUMBER, outgoing

EXPECTED = {
    SendOutcome.PAIR_RATE: {131056},
    SendOutcome.THROTTLED: {130429, 4, 80007, 613},
    SendOutcome.RETRY: {1, 2, 131000, 131016, 133004, 131057},
    SendOutcome.WINDOW: {131047},
    SendOutcome.PAUSE: {131048, 368, 131031, 130497, 190, 0, 3, 10, 131005, 200, 233, 299},
    SendOutcome.REFUSED: {131026, 131021, 131030, 131062, 131049, 131050, 130472},
    SendOutcome.MALFORMED: {100, 131008, 131009, 131051, 131053, 33},
    SendOutcome.TEMPLATE: {132000, 132001, 132005, 132007, 132012, 132015, 132016},
}


@pytest.mark.parametrize("outcome", EXPECTED)
async def test_a_refusals_code_decides_over_real_http(
    sender: WhatsApp, client: httpx.AsyncClient, graph: str, outcome: SendOutcome
) -> None:
    for code in EXPECTED[outcome]:
        await client.post(f"{graph}/_fake/faults", json={"code": code})
        result = await sender.send(outgoing(), account=HOTEL_NUMBER, credentials=CREDENTIALS)
        assert (result.outcome, result.code) == (outcome, code)


@pytest.mark.parametrize("outcome", EXPECTED)
def test_the_same_code_means_the_same_in_a_failed_status(outcome: SendOutcome) -> None:
    assert {outcome_of(code) for code in EXPECTED[outcome]} == {outcome}


@pytest.mark.parametrize("status", [200, 400, 401, 429, 500])
def test_a_known_code_outweighs_the_http_status(status: int) -> None:
    assert outcome_of(131047, http_status=status) is SendOutcome.WINDOW


@pytest.mark.parametrize(
    ("status", "outcome"),
    [
        (None, SendOutcome.REFUSED),
        (400, SendOutcome.REFUSED),
        (403, SendOutcome.REFUSED),
        (429, SendOutcome.THROTTLED),
        (500, SendOutcome.RETRY),
        (503, SendOutcome.RETRY),
    ],
)
@pytest.mark.parametrize("code", [None, 139999, -1, 300, 199])
def test_an_unknown_code_leaves_it_to_the_http_status(
    code: int | None, status: int | None, outcome: SendOutcome
) -> None:
    assert outcome_of(code, http_status=status) is outcome


def test_no_code_says_that_a_send_was_accepted() -> None:
    assert {SendOutcome.ACCEPTED, SendOutcome.AMBIGUOUS}.isdisjoint(OUTCOMES.values())


@pytest.mark.parametrize("code", sorted({1, 4, 100, 131026, 131047, 131049, 131056, 132016, 190, 131048}))
def test_staff_are_told_in_plain_words_with_metas_own_behind_them(code: int) -> None:
    sentence = explain(code, "(#1) Whatever it is")

    assert sentence.endswith("(WhatsApp: (#1) Whatever it is)")
    assert explain(code, None) == sentence.partition(" (WhatsApp:")[0]
    assert explain(code, None).endswith(".")


def test_every_code_that_ends_a_message_has_a_sentence_of_its_own() -> None:
    final = {SendOutcome.REFUSED, SendOutcome.TEMPLATE, SendOutcome.WINDOW}
    codes = [code for code, outcome in OUTCOMES.items() if outcome in final]

    assert len({explain(code, None) for code in codes}) == len(codes)
    assert explain(139999, None) not in {explain(code, None) for code in codes}


@pytest.mark.parametrize("code", [0, None])
def test_no_code_is_no_token_at_fault(code: int | None) -> None:
    """Meta's 0 is a code like any other; none at all is not."""
    assert ("token" in explain(code, None)) is (code == 0)
