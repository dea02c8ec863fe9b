"""A definition that could fail a guest is refused, naming file and line."""

import itertools
from pathlib import Path

import pytest

from app.core.types import ConversationStatus
from app.core.yaml_source import SourceError, parse
from app.flows.actions import ACTIONS, Call
from app.flows.definition import FlowBook
from app.flows.loader import bind, load_book
from app.flows.types import Facts, FlowState, GuestInput

GOOD = """\
name: spa
begins: active
statuses: [active, demo]
triggers: {en: [spa]}
shortcuts:
  hand_over: {en: [help]}
steps:
  start:
    text: {en: "Massage or sauna, {guest_name}?"}
    expects: choice
    options:
      - id: massage
        label: {en: Massage}
        next: hand_over
      - id: sauna
        label: {en: Sauna}
        words: {en: [heat]}
        next: ask_name
    retry: {en: Please choose.}
  ask_name:
    text: {en: Your name}
    expects: text
    action: validate_guest_name
    results: {matched: hand_over, mismatched: retry, needs_help: hand_over}
    reminder:
      after: 30
      text: {en: Still there}
  hand_over:
    text: {en: One moment.}
    action: start_relay_to_department
    with: {department: Reception, reason: Spa}
"""
OTHERS = """\
name: {name}
begins: {name}
statuses: [{name}]
steps:
  start: {{text: {{en: Hello}}, expects: text, next: start}}
"""


def load(definition: str) -> FlowBook:
    others = [parse(OTHERS.format(name=name), f"{name}.yaml") for name in ("demo", "checkin")]
    return bind([*others, parse(definition, "spa.yaml")])


def refusal(definition: str) -> str:
    with pytest.raises(SourceError) as caught:
        load(definition)
    return str(caught.value)


def test_the_definition_that_the_refusals_change_is_good() -> None:
    assert load(GOOD).flows["spa"].name == "spa"


@pytest.mark.parametrize(
    ("old", "new", "expected"),
    [
        ("next: hand_over", "next: gone", "spa.yaml:14: steps.start.options.0.next: there is no step 'gone'"),
        (
            "matched: hand_over,",
            "matched: gone,",
            "spa.yaml:24: steps.ask_name.results.matched: there is no step 'gone'",
        ),
        ("  hand_over: {en", "  gone: {en", "spa.yaml:6: shortcuts.gone: there is no step 'gone'"),
        ("start:", "begin:", "spa.yaml:7: steps: there is no step 'start', where a flow begins"),
        (
            "action: validate_guest_name",
            "action: guess_name",
            "spa.yaml:23: steps.ask_name.action: there is no action 'guess_name'; known are ",
        ),
        (
            "{guest_name}",
            "{shoe_size}",
            "spa.yaml:9: steps.start.text.en: unknown placeholder {shoe_size}; known are "
            "guest_name, hotel_name, name_attempts, room_number",
        ),
        ("Still there", "'Still, {x}?'", "spa.yaml:27: steps.ask_name.reminder.text.en: unknown placeholder {x}"),
        ("Your name", "'Your {booking_name}?'", "steps.ask_name.text.en: unknown placeholder {booking_name}"),
        ("Your name", "'Your {name'", "spa.yaml:21: steps.ask_name.text.en: a brace that belongs to no {placeholder}"),
        ("Your name", "'{}'", "steps.ask_name.text.en: a brace that belongs to no {placeholder}"),
        ("{en: Your name}", "{pt: O seu nome}", "spa.yaml:21: steps.ask_name.text: the language 'en' is required"),
        ("expects: text", "expects: poem", "spa.yaml:22: steps.ask_name.expects: Input should be "),
        ("expects: text", "waits_for: text", "spa.yaml:22: steps.ask_name.waits_for: Extra inputs are not permitted"),
        ("    expects: text\n", "", "steps.ask_name: a step that expects nothing is an end"),
        (
            ", needs_help: hand_over",
            "",
            "spa.yaml:24: steps.ask_name.results: the results of validate_guest_name are ",
        ),
        ("    action: validate_guest_name\n", "", "steps.ask_name: where does the answer lead?"),
        (
            "action: validate_guest_name",
            "action: save_document",
            "steps.ask_name.action: save_document belongs to a step that expects media, not text",
        ),
        (
            "department: Reception",
            "department: Sauna",
            "spa.yaml:31: steps.hand_over.with.department: 'Sauna' is not a valid Department",
        ),
        ("department: Reception, ", "", "steps.hand_over.with: start_relay_to_department takes department, reason"),
        ("    action: start_relay_to_department\n", "", "steps.hand_over.with: there is no action to take it"),
        ("id: sauna", "id: massage", "spa.yaml:11: steps.start.options: two options have the same id"),
        ("[heat]", "[MASSAGE]", "steps.start.options: 'massage' selects both 'massage' and 'sauna'"),
        ("[heat]", "['1']", "steps.start.options: '1' selects both 'massage' and 'sauna'"),
        ("[heat]", "['?!']", "steps.start.options: a word has to have a letter or a digit"),
        ("triggers: {en: [spa]}", "triggers: {en: ['...']}", "spa.yaml:4: triggers: a word has to have a letter"),
        (
            "label: {en: Sauna}",
            "label: {en: 'The sauna on the roof terrace'}",
            "spa.yaml:16: steps.start.options.1.label",
        ),
        (
            "label: {en: Sauna}",
            "label: {en: Sauna, de: Die Sauna auf dem Dach}",
            "spa.yaml:16: steps.start.options.1.label.de: 'Die Sauna auf dem Dach' has 22 characters; "
            "a button has room for 20",
        ),
        ("begins: active", "begins: relay", "spa.yaml:2: begins: Input should be "),
        ("begins: active", "begins: checkin", "spa.yaml:2: begins: checkin is not among the statuses"),
        ("name: spa", "name: demo", "spa.yaml:1: name: another file has a flow of this name"),
        ("begins: active", "begins: demo", "spa.yaml:2: begins: the flow 'demo' begins in demo already"),
        ("after: 30", "after: 0", "spa.yaml:26: steps.ask_name.reminder.after: "),
        ("name: spa", "name: spa\nname: pool", "spa.yaml:2: the key 'name' is given twice, first on line 1"),
        ("statuses: [active, demo]", "statuses: [active, demo", "spa.yaml:4: "),
    ],
)
def test_a_fault_is_refused_with_file_and_line(old: str, new: str, expected: str) -> None:
    assert old in GOOD

    assert expected in refusal(GOOD.replace(old, new, 1))


def test_all_faults_of_a_file_are_told_at_once() -> None:
    told = refusal(GOOD.replace("next: hand_over", "next: gone").replace("{guest_name}", "{x}")).splitlines()

    assert [line.split(": ")[0] for line in told] == ["spa.yaml:9", "spa.yaml:14"]


def test_two_flows_with_one_trigger_are_refused() -> None:
    sauna = GOOD.replace("name: spa", "name: sauna").replace("begins: active\n", "")

    with pytest.raises(SourceError, match=r"sauna\.yaml:3: triggers: spa starts the flow 'spa' already"):
        bind([parse(GOOD, "spa.yaml"), parse(sauna, "sauna.yaml")])


def test_a_status_in_which_no_flow_begins_is_refused() -> None:
    with pytest.raises(ValueError, match="no flow begins in demo"):
        bind([parse(GOOD, "spa.yaml")])


def test_definitions_are_read_from_any_directory(tmp_path: Path) -> None:
    for name in ("demo", "checkin"):
        (tmp_path / f"{name}.yaml").write_text(OTHERS.format(name=name), encoding="utf-8")
    (tmp_path / "spa.yaml").write_text(GOOD, encoding="utf-8")
    (tmp_path / "notes.txt").write_text("no flow", encoding="utf-8")

    assert set(load_book(tmp_path).flows) == {"demo", "checkin", "spa"}


def test_a_refusal_names_the_files_path(tmp_path: Path) -> None:
    (tmp_path / "spa.yaml").write_text("name: [", encoding="utf-8")

    with pytest.raises(SourceError) as caught:
        load_book(tmp_path)

    assert str(caught.value).startswith(f"{tmp_path / 'spa.yaml'}:1: ")


def test_lobbys_own_flows_keep_the_contracts_step_names(book: FlowBook) -> None:
    assert {"start", "start_relay_room_service"} <= set(book.flows["services"].steps)
    assert {"start", "collect_documents", "finalize_checkin"} <= set(book.flows["checkin"].steps)
    assert set(book.flows["demo"].steps) == {"start"}
    assert book.home(ConversationStatus.ACTIVE).name == "services"


def test_the_book_is_read_only(book: FlowBook) -> None:
    services = book.flows["services"]

    with pytest.raises(AttributeError):
        book.flows = {}  # type: ignore[misc]  # the point of the test
    for table in (book.flows, services.steps, services.triggers, services.steps["start"].text):
        with pytest.raises(TypeError):
            table["x"] = None  # type: ignore[index]  # the point of the test
    with pytest.raises(ValueError, match="frozen"):
        services.name = "x"  # type: ignore[misc]  # the point of the test


@pytest.mark.parametrize("name", ACTIONS)
def test_an_action_keeps_to_what_it_declares(name: str) -> None:
    action = ACTIONS[name]
    args = {"department": "Reception", "reason": "test"}
    facts = Facts(hotel_name="Sea View", booking_name="John Doe")
    contexts = [FlowState(status=ConversationStatus.CHECKIN, context={"name_attempts": n}).context for n in range(4)]

    for text, context in itertools.product(("John Doe", "Jane Roe", ""), contexts):
        done = action.run(Call(message=GuestInput(text=text), facts=facts, context=context, args=args))
        assert done.result in action.results
        assert set(done.context) <= set(action.writes)
