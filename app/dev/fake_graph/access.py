"""Who may call the Graph API: a bearer reaches its own number, its own account, and their files."""

import re
from typing import Final

from starlette.requests import Request

from app.dev.fake_graph.config import FakeGraphConfig, Number
from app.dev.fake_graph.errors import GraphError, no_such_object

_VERSION: Final = re.compile(r"v[0-9]+\.[0-9]+")


def caller(request: Request, config: FakeGraphConfig) -> Number:
    """The number whose token the bearer is. Raises GraphError."""
    scheme, _, token = request.headers.get("authorization", "").partition(" ")
    number = config.with_token(token) if scheme.lower() == "bearer" else None
    if number is None:
        raise GraphError(190, "Invalid OAuth access token - Cannot parse access token")
    return number


def versioned_caller(request: Request, config: FakeGraphConfig) -> Number:
    """The same, on a path that begins with the API's version."""
    number = caller(request, config)
    if not _VERSION.fullmatch(request.path_params["version"]):
        raise GraphError(2500, "Unknown path components")
    return number


def owner(request: Request, config: FakeGraphConfig) -> Number:
    """The number that the path names, if the bearer is its own. Raises GraphError."""
    token_of = versioned_caller(request, config)
    phone_number_id = request.path_params["phone_number_id"]
    number = config.number(phone_number_id)
    if number is None or number.access_token != token_of.access_token:
        raise GraphError(
            100, f"Unsupported post request. Object with ID '{phone_number_id}' does not exist or is not permitted"
        )
    return number


def account_owner(request: Request, config: FakeGraphConfig) -> Number:
    """A number of the account that the path names, if the bearer is one of the account's."""
    token_of = versioned_caller(request, config)
    account = request.path_params["account"]
    for number in config.numbers:
        if number.business_account_id == account and number.access_token == token_of.access_token:
            return number
    raise no_such_object(account)
