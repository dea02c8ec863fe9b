from app.flows.definition import FlowBook
from app.flows.drawing import draw

DEMO = """\
demo (runs in demo)
  a conversation in demo begins here

■ start
│  Welcome to our hotel demo! Type "services" to explore.
├─ text → start
└─ anything else → asks again"""


def test_a_drawing_shows_what_is_said_and_where_it_leads(book: FlowBook) -> None:
    assert draw(book.flows["demo"]) == DEMO


def test_a_drawing_names_every_step_option_and_action(book: FlowBook) -> None:
    drawing = draw(book.flows["services"])

    for line in (
        '  "services", "service" in any of them starts it',
        "■ start",
        "├─ 1 Room Service → start_relay_room_service",
        "├─ 4 Other → start_relay_reception",
        "│  [start_relay_to_department · department: Housekeeping, reason: Chosen from the services menu]",
        "└─ end",
    ):
        assert line in drawing.splitlines()


def test_a_drawing_shows_results_shortcuts_and_reminders(book: FlowBook) -> None:
    drawing = draw(book.flows["checkin"])

    assert "at any step → start_relay_reception" in drawing
    assert "├─ text, matched → collect_documents" in drawing
    assert "├─ text, mismatched → asks again" in drawing
    assert "(after 60 minutes: Only a photo of your ID document is missing" in drawing
