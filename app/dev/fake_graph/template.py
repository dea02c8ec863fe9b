"""Message templates as an account has them: what each is made of, and where it stands with Meta."""

from pathlib import Path
from typing import Any, Final, Literal

import msgspec
import msgspec.yaml

FILE: Final = Path(__file__).with_name("templates.yaml")

Status = Literal["APPROVED", "PENDING", "REJECTED", "PAUSED", "DISABLED", "IN_APPEAL", "PENDING_DELETION", "DELETED"]


class Template(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """``components`` are in Meta's words. Without ``business_account_id`` every account has it."""

    name: str
    language: str
    components: tuple[dict[str, Any], ...]
    id: str
    category: Literal["UTILITY", "MARKETING", "AUTHENTICATION"] = "UTILITY"
    status: Status = "APPROVED"
    parameter_format: Literal["POSITIONAL", "NAMED"] = "POSITIONAL"
    business_account_id: str = ""

    def part(self, kind: str) -> dict[str, Any]:
        """The component of that type, or nothing."""
        return next((each for each in self.components if each.get("type") == kind), {})

    @property
    def buttons(self) -> list[dict[str, Any]]:
        buttons: list[dict[str, Any]] = self.part("BUTTONS").get("buttons", [])
        return buttons

    def listed(self) -> dict[str, Any]:
        """As ``GET /{account}/message_templates`` shows it."""
        fields = ("name", "parameter_format", "components", "language", "status", "category", "id")
        return {name: msgspec.to_builtins(getattr(self, name)) for name in fields}


def read_templates() -> tuple[Template, ...]:
    """Those of the demo."""
    return msgspec.yaml.decode(FILE.read_bytes(), type=tuple[Template, ...])


class TemplateBook:
    """The templates of all accounts. Their states change while the fake runs."""

    def __init__(self, templates: tuple[Template, ...]) -> None:
        self._templates = templates
        self._states: dict[tuple[str, str], Status] = {}  # by account and template id

    def of(self, account: str) -> list[Template]:
        """The account's templates as they stand now, in order."""
        mine = (each for each in self._templates if each.business_account_id in {"", account})
        return [
            msgspec.structs.replace(each, status=self._states.get((account, each.id), each.status)) for each in mine
        ]

    def find(self, account: str, name: str, language: str = "") -> Template | None:
        """The one of that name; of any language where none is given."""
        return next(
            (each for each in self.of(account) if each.name == name and language in {"", each.language}),
            None,
        )

    def put(self, template: Template) -> None:
        """Add one, in the place of another of the same name and language of that account."""
        kept = tuple(
            each
            for each in self._templates
            if (each.name, each.language, each.business_account_id)
            != (template.name, template.language, template.business_account_id)
        )
        self._templates = (*kept, template)

    def set_status(self, account: str, template: Template, status: Status) -> None:
        self._states[account, template.id] = status
