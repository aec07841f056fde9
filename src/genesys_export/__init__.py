"""genesys-export: Genesys Cloud conversation details into a bucket, one trusted day at a time.

What `__all__` names is public and follows Semantic Versioning. It is imported when it is first
asked for: `genesys-export --help` waits for nothing.
"""

TYPE_CHECKING = False  # typing takes time, and signals are not taken over yet

if TYPE_CHECKING:
    from .api import Budget, RequestBudget
    from .days import Day
    from .errors import (
        DataMismatch,
        DeadlineReached,
        DestinationFailed,
        ExportError,
        GenesysUnavailable,
        JobFailed,
        NotPermitted,
        RequestRefused,
        SignInRefused,
        Stopped,
        TryAgainLater,
        WrongSettings,
        WrongUse,
    )
    from .events import Event
    from .export import DayReport, DayResult, Report
    from .exporter import DueDay, Exporter

__version__ = "0.2.0.dev0"

__all__ = [
    "Budget",
    "DataMismatch",
    "Day",
    "DayReport",
    "DayResult",
    "DeadlineReached",
    "DestinationFailed",
    "DueDay",
    "Event",
    "ExportError",
    "Exporter",
    "GenesysUnavailable",
    "JobFailed",
    "NotPermitted",
    "Report",
    "RequestBudget",
    "RequestRefused",
    "SignInRefused",
    "Stopped",
    "TryAgainLater",
    "WrongSettings",
    "WrongUse",
    "__version__",
]

_HOMES = {
    "Budget": "api",
    "Day": "days",
    "DayReport": "export",
    "DayResult": "export",
    "DueDay": "exporter",
    "Event": "events",
    "Exporter": "exporter",
    "Report": "export",
    "RequestBudget": "api",
}


def __getattr__(name: str) -> object:
    if name not in __all__:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from importlib import import_module  # noqa: PLC0415 - likewise

    return getattr(import_module(f".{_HOMES.get(name, 'errors')}", __name__), name)


def __dir__() -> list[str]:
    return __all__
