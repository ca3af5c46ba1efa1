"""What botocore's errors and AWS's codes mean in terms of the contract."""

from __future__ import annotations

from botocore import exceptions
from botocore.parsers import ResponseParserError

from praison_persist.errors import (
    ConfigurationError,
    InvalidInputError,
    NotFoundError,
    OperationTimeoutError,
    PersistError,
    UnavailableError,
)

from .settings import Settings

__all__ = ["code_of", "from_error", "throttled"]

_THROTTLED = frozenset(
    {
        "LimitExceededException",
        "ProvisionedThroughputExceededException",
        "RequestLimitExceeded",
        "ThrottlingException",
        "TransactionInProgressException",
    }
)
_CREDENTIALS = frozenset(
    {
        "ExpiredTokenException",
        "IncompleteSignatureException",
        "InvalidClientTokenId",
        "InvalidSignatureException",
        "MissingAuthenticationTokenException",
        "UnrecognizedClientException",
    }
)
_DENIED = frozenset({"AccessDeniedException", "AccessDenied", "KMSAccessDeniedException"})


def code_of(error: exceptions.ClientError) -> str:
    """AWS's code, such as ``ConditionalCheckFailedException``."""
    return error.response.get("Error", {}).get("Code", "")


def throttled(error: exceptions.ClientError, settings: Settings) -> UnavailableError | None:
    """The error for a call that was turned away unexecuted; None for another one."""
    if code_of(error) not in _THROTTLED:
        return None
    return UnavailableError(
        f"{settings.place} is asked too much: {error}", hint="spread the calls, or raise the table's capacity"
    )


def from_error(error: Exception, settings: Settings) -> PersistError | None:
    """The contract's error; None for what is not AWS's."""
    where = settings.place
    if isinstance(error, exceptions.ClientError):
        return _from_code(error, settings)
    if isinstance(error, exceptions.ConnectTimeoutError):
        return OperationTimeoutError(
            f"{where}: no connection within {settings.connect_timeout:g} s",
            hint="is the region right, and does the network let you out? otherwise raise connect_timeout=",
        )
    if isinstance(error, exceptions.ReadTimeoutError):
        return OperationTimeoutError(
            f"{where}: no answer within {settings.timeout:g} s", hint="try again later, or raise timeout="
        )
    if isinstance(error, (exceptions.HTTPClientError, exceptions.ConnectionError, exceptions.IncompleteReadError)):
        return UnavailableError(f"{where}: {error}", hint="is the endpoint right, and does the network let you out?")
    if isinstance(error, (exceptions.NoCredentialsError, exceptions.PartialCredentialsError)):
        return ConfigurationError(
            f"{where}: {error}", hint="set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, a profile, or a role"
        )
    if isinstance(error, ResponseParserError):
        return UnavailableError(f"{where} did not answer as DynamoDB does", hint="is endpoint_url= right?")
    if isinstance(error, exceptions.BotoCoreError):
        return ConfigurationError(f"{where}: {error}")
    return None


def _from_code(error: exceptions.ClientError, settings: Settings) -> PersistError:
    code, where = code_of(error), settings.place
    if code in _CREDENTIALS:
        return ConfigurationError(f"{where} refuses the credentials ({code})", hint="are they of this account?")
    status = error.response.get("ResponseMetadata", {}).get("HTTPStatusCode", 0)
    if code in _DENIED or status == 403:
        return ConfigurationError(
            f"{where}: {error}",
            hint="the README of praison-persist-dynamodb has the policy that it needs; without the right to make the "
            "table, give auto_create_table=False",
        )
    if code == "ResourceNotFoundException":
        return NotFoundError(f"there is no {where}", hint="create it, or give auto_create_table=True")
    if code == "ValidationException" and "size" in str(error):
        return InvalidInputError(f"{where}: {error}", hint="divide the value over several keys")
    if status >= 500:
        return UnavailableError(f"{where}: {error}")
    return PersistError(f"{where}: {error}")
