"""The pages of ``lobby dev``: ``/dev/`` says where to click and who may sign in, ``/dev/phone`` is a guest's phone."""

from dataclasses import dataclass
from html import escape
from typing import Final

from fastapi import FastAPI, Request
from starlette.responses import HTMLResponse, RedirectResponse

POLICY: Final = "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'"
STYLE: Final = """
:root { color-scheme: light dark; --bg: #f6f5f2; --surface: #fff; --text: #1c1b19; --muted: #5d5a53; }
:root { --accent: #0f5e57; }
@media (prefers-color-scheme: dark) {
  :root { --bg: #141412; --surface: #1b1b19; --text: #f0eee9; --muted: #aaa69c; --accent: #5fc6ba; }
}
* { box-sizing: border-box; }
body { margin: 0; background: var(--bg); color: var(--text); font: 14px/20px system-ui, sans-serif; }
main { max-width: 880px; margin: 0 auto; padding: 32px 16px; }
h1 { font-size: 28px; line-height: 36px; margin: 0 0 4px; }
h2 { font-size: 17px; line-height: 24px; margin: 32px 0 8px; }
p { margin: 0 0 12px; color: var(--muted); max-width: 65ch; }
a { color: var(--accent); }
.cards { display: grid; gap: 12px; grid-template-columns: repeat(auto-fit, minmax(220px, 1fr)); padding: 0; }
.cards li { list-style: none; }
.cards a { display: block; height: 100%; padding: 16px; border-radius: 12px; background: var(--surface);
  text-decoration: none; }
.cards b { display: block; font-size: 17px; line-height: 24px; }
.cards span { color: var(--muted); }
.wide { overflow-x: auto; border-radius: 12px; background: var(--surface); }
table { border-collapse: collapse; width: 100%; }
th, td { text-align: left; padding: 8px 16px; white-space: nowrap; }
th { color: var(--muted); font-weight: 500; }
code, pre { font: 13px/20px ui-monospace, monospace; }
pre { margin: 0; padding: 16px; overflow-x: auto; border-radius: 12px; background: var(--surface); }
"""


@dataclass(frozen=True)
class SignIn:
    """Somebody of the demo who may sign in."""

    hotel: str
    username: str
    role: str
    departments: str


@dataclass(frozen=True)
class DevPages:
    """Adds the pages to an application, which serves at ``address``. ``graph_port`` is where the fake Graph API serves
    the simulated phone."""

    address: str
    graph_port: int
    password: str
    sign_ins: tuple[SignIn, ...]

    def __call__(self, app: FastAPI) -> None:
        page = self._page()

        @app.get("/dev/", include_in_schema=False)
        @app.get("/dev", include_in_schema=False)
        async def start_page() -> HTMLResponse:
            return HTMLResponse(page, headers={"Content-Security-Policy": POLICY})

        @app.get("/dev/phone/", include_in_schema=False)
        @app.get("/dev/phone", include_in_schema=False)
        async def phone(request: Request) -> RedirectResponse:
            # By the name that the browser knows this machine by, which HOST need not be.
            return RedirectResponse(str(request.url.replace(port=self.graph_port, path="/dev/phone")))

        @app.get("/", include_in_schema=False)
        async def root() -> RedirectResponse:
            return RedirectResponse("/dev/")

    def _page(self) -> str:
        rows = "".join(
            f"<tr><td>{escape(each.hotel)}<td><code>{escape(each.username)}</code>"
            f"<td>{escape(each.role)}<td>{escape(each.departments)}"
            for each in self.sign_ins
        )
        return (
            "<!doctype html><html lang=en><meta charset=utf-8><title>Lobby: the demo</title>"
            f"<meta name=viewport content='width=device-width'><style>{STYLE}</style><main>"
            "<h1>Lobby</h1><p>The demo is running. Everything on this page is made up and only on this machine.</p>"
            "<ul class=cards>"
            "<li><a href=/dev/phone><b>A guest's phone</b>"
            "<span>Write as a guest; a flow answers, or staff do.</span></a>"
            "<li><a href=/docs><b>The API</b><span>Sign in with Authorize, then try every call.</span></a>"
            "<li><a href=/health/ready/><b>Health</b><span>What a load balancer sees.</span></a></ul>"
            f"<h2>Who may sign in</h2><p>Everybody's password is <code>{escape(self.password)}</code>.</p>"
            f"<div class=wide tabindex=0><table><tr><th>Hotel<th>User name<th>Role<th>Departments{rows}</table></div>"
            "<h2>The web chat</h2><p>A visitor of the first hotel's site writes, and reads what is answered; the answer"
            f" comes at once on the socket, too.</p><pre tabindex=0>{escape(web_chat(self.address))}</pre>"
            "</main></html>"
        )


def web_chat(address: str) -> str:
    """What to type to write in the demo's web chat, and to read what is answered there."""
    base, socket = f"{address}/unicom/webchat", address.replace("http", "ws", 1) + "/ws/unicom/webchat"
    return "\n".join(
        (
            f'TOKEN=$(curl -s -X POST {base}/session/ | sed \'s/.*"guest_token":"\\([^"]*\\).*/\\1/\')',
            f'curl -s {base}/send/ -H "Authorization: Bearer $TOKEN" -d text=services',
            f'curl -s "{base}/messages/?order=asc" -H "Authorization: Bearer $TOKEN"',
            f'wscat -c "{socket}/webchat_guest_${{TOKEN%%.*}}/?token=$TOKEN"',
        )
    )
