"""The channel, credentials and metadata of both clients. Makes no call."""

from __future__ import annotations

import os
from typing import Any

import google.auth
from google.api_core.gapic_v1.routing_header import to_grpc_metadata
from google.oauth2 import service_account

from praison_persist.errors import ConfigurationError

from .documents import Documents
from .settings import Settings

__all__ = ["CHANNEL_OPTIONS", "documents_of", "identify", "metadata_of"]

_SCOPES = ("https://www.googleapis.com/auth/datastore",)

CHANNEL_OPTIONS = (
    ("grpc.max_send_message_length", -1),
    ("grpc.max_receive_message_length", -1),
    # A server that comes back is found within a second, not within two minutes.
    ("grpc.initial_reconnect_backoff_ms", 100),
    ("grpc.min_reconnect_backoff_ms", 1000),  # also the least time for a connection to be made
    ("grpc.max_reconnect_backoff_ms", 1000),
    # A connection that died silently is noticed while a call waits on it.
    ("grpc.keepalive_time_ms", 2000),
    ("grpc.keepalive_timeout_ms", 2000),
)


def identify(settings: Settings) -> tuple[Any, str]:
    """Credentials (None for an emulator) and project.

    Raises:
        ConfigurationError: no credentials, or no project.
    """
    if settings.emulator:
        return None, settings.project or ""
    try:
        if settings.credentials_path:
            found = service_account.Credentials.from_service_account_file(settings.credentials_path, scopes=_SCOPES)
            project: str | None = found.project_id
        else:
            found, project = google.auth.default(scopes=_SCOPES)
    except (OSError, ValueError) as error:
        raise ConfigurationError(
            f"{os.fspath(settings.credentials_path or '')} is no JSON file of a service account",
            hint="give credentials_path= the file that Google Cloud's console made",
        ) from error
    project = settings.project or project
    if not project:
        raise ConfigurationError("no Google Cloud project", hint="give project= or set FIRESTORE_PROJECT")
    return found, project


def documents_of(settings: Settings, project: str) -> Documents:
    """The collection."""
    return Documents(f"projects/{project}/databases/{settings.database}", settings.collection)


def metadata_of(settings: Settings, documents: Documents) -> tuple[tuple[str, str], ...]:
    """What each call carries besides its message."""
    shared = (to_grpc_metadata({"database": documents.database}), ("google-cloud-resource-prefix", documents.database))
    return (*shared, ("authorization", "Bearer owner")) if settings.emulator else shared
