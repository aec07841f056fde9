"""FETCH: the only package that speaks HTTP; owns token, budget, retries and clock."""

from .aggregates import AggregateSource
from .auth import Credentials
from .client import Client
from .clock import Clock, SystemClock
from .filters import Filters, parse_raw
from .job_life import JobPolicy
from .jobs import JobSource
from .limits import Budget, Budgets, RequestBudget, budget_for, check_budgets, is_shared
from .membership import ClientMembership
from .own_body import OwnBody, OwnSource, read_body
from .pool import TokenPool
from .query import QueryPolicy, QuerySource
from .question import Question
from .reference import ReferenceLists
from .regions import REGIONS, Hosts, hosts
from .retry import RetryPolicy
from .setting_names import SettingNames
from .source_count import GenesysCounter
from .transport import Transport, TransportOptions

__all__ = [
    "REGIONS",
    "AggregateSource",
    "Budget",
    "Budgets",
    "Client",
    "ClientMembership",
    "Clock",
    "Credentials",
    "Filters",
    "GenesysCounter",
    "Hosts",
    "JobPolicy",
    "JobSource",
    "OwnBody",
    "OwnSource",
    "QueryPolicy",
    "QuerySource",
    "Question",
    "ReferenceLists",
    "RequestBudget",
    "RetryPolicy",
    "SettingNames",
    "SystemClock",
    "TokenPool",
    "Transport",
    "TransportOptions",
    "budget_for",
    "check_budgets",
    "hosts",
    "is_shared",
    "parse_raw",
    "read_body",
]
