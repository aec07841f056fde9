"""The settings as the program uses them: frozen and checked.

Does not know where a value came from. A command calls `require_*` for what it needs;
`require_both` reports all problems at once, so that nobody fixes one only to see the next.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import cast

from pydantic import SecretStr

from ..datasets import NAMES, Dataset, datasets
from . import problems
from .layers import Table, over, table
from .names import variables
from .sections import Destination, Genesys, Sections
from .shards import Shard


@dataclass(frozen=True, slots=True, kw_only=True)
class Org:
    """One organisation to export from: who we are there, and how we may ask.

    `name` is empty if no [orgs.NAME] is configured: then keys have no first segment for it.
    Of `genesys.base_url` and `genesys.region` exactly one is given.
    """

    name: str
    client_id: str
    client_secret: SecretStr
    genesys: Genesys
    ca_bundle: Path | None

    def variable(self, key: str) -> str:
        """Return the environment variable of a setting of its own: `…_ORGS__APAC__REGION`."""
        return variables((*self.path, key))[0]

    @property
    def path(self) -> tuple[str, ...]:
        """The section of the settings file where its settings are: `genesys`, or `orgs.NAME`."""
        return ("orgs", self.name) if self.name else ("genesys",)

    def proxy_for(self, address: str) -> SecretStr | None:
        """Return the proxy for an address (`https://api.mypurecloud.ie`), if it needs one."""
        return self.genesys.proxy_for(address)


@dataclass(frozen=True, slots=True, kw_only=True)
class Target:
    """Where the files go: `to` is s3://bucket/prefix, file:///dir or a path, literally."""

    to: str
    options: Destination


class Settings(Sections):
    """All settings of one run of the program. Holds secrets, but never shows them."""

    org: str | None  # the one of `orgs` that was asked for; None: all of them
    shard: Shard | None  # what part of them is exported here; None: all of them
    folder: Path  # relative paths in settings begin here
    warnings: tuple[str, ...]  # what works, but should be set in another way
    has_asked: bool  # for datasets, on the command line or in a call
    kept_datasets: tuple[str, ...]  # those that the environment or the file names

    @property
    def datasets(self) -> tuple[Dataset, ...]:
        """The datasets to be exported, in their order.

        Who asks for some of them gets names only beside a dataset that has names in its tables.
        """
        known, wanted = self.known_datasets, {*self.export.datasets}
        is_named = any(each.named_by for each in known if each.name in wanted)
        if self._has_names and (is_named or not self.has_asked):
            wanted.add(NAMES)
        return tuple(each for each in known if each.name in wanted)

    @property
    def _has_names(self) -> bool:
        return self.export.names or self.export.join_names

    @property
    def known_datasets(self) -> tuple[Dataset, ...]:
        """Every dataset, chosen or not, with the columns and tables that settings add."""
        return tuple(datasets(self.export.added))

    def tables_of(self, dataset: Dataset) -> tuple[str, ...]:
        """Return the dataset's tables to be written: all, unless some of them are named.

        Of a dataset that only `export.names` asks for, they are its lookup tables; with
        `export.join_names` those that are read for names as well. A dataset that the file names
        has the same tables whatever the command line asks for.
        """
        every = tuple(table.name for table in dataset.tables)
        listed = (*self.export.datasets, *self.kept_datasets)
        is_alone = self._has_names and dataset.name not in listed
        read = {name for each in self.known_datasets for name in each.names_from}
        short = tuple(name for name in every if name in {*dataset.lookups, *read})
        usual = short if is_alone and dataset.name == NAMES else every
        return tuple(name for name in self.export.tables if name in every) or usual

    @property
    def org_names(self) -> tuple[str, ...]:
        """The organisations to export, in order of name; "" stands for the only one.

        There is none in a shard beyond their number.
        """
        names = self._every_org
        return self.shard.of(names) if self.shard else names

    @property
    def _every_org(self) -> tuple[str, ...]:
        return (self.org,) if self.org else tuple(sorted(self.orgs)) or ("",)

    @property
    def why_idle(self) -> str:
        """Why there is no organisation to export; empty if there is one."""
        if self.shard is None or self.org_names:
            return ""
        return self.shard.why_empty(len(self._every_org))

    def require_source(self) -> tuple[Org, ...]:
        """Return the organisations to export from, in order of name; raises WrongSettings."""
        if lines := problems.of_source(self._given(), self.org):
            raise problems.error(lines)
        return tuple(
            self._org(name, self._whole(name) if name else self.genesys) for name in self.org_names
        )

    def require_org(self, name: str) -> Org:
        """Return one of the organisations ("" is the only one); raises WrongSettings."""
        if lines := problems.of_source(self._given(name), name or None):
            raise problems.error(lines)
        return self._org(name, self._whole(name) if name else self.genesys)

    def require_destination(self) -> Target:
        """Return the destination; raises WrongSettings if none is given."""
        if lines := problems.of_destination(self._given()):
            raise problems.error(lines)
        given = self.destination
        if given.to is not None:
            return Target(to=given.to, options=given)
        place = f"s3://{given.bucket}/{given.prefix.strip('/')}".rstrip("/")
        return Target(to=place, options=given)

    def require_both(self) -> tuple[tuple[Org, ...], Target]:
        """Return source and destination; raises one WrongSettings for all that is missing."""
        given = self._given()
        lines = problems.of_source(given, self.org) + problems.of_destination(given)
        if lines:
            raise problems.error(lines)
        return self.require_source(), self.require_destination()

    def require_some(self) -> None:
        """Raise one WrongSettings where the destination or every organisation lacks something."""
        given = self._given()
        lines = problems.of_source(given, self.org, of_all=False)
        if lines := lines + problems.of_destination(given):
            raise problems.error(lines)

    def _given(self, org: str = "") -> Table:
        """Return what was given, without defaults; with `org` of this organisation alone."""
        shared = dict.fromkeys(("genesys", "destination", "filters"), True)
        orgs = {org: True} if org else True
        return self.model_dump(include={**shared, "orgs": orgs}, exclude_unset=True)

    def _whole(self, name: str) -> Genesys:
        """Return the org's settings laid over those that all orgs share."""
        said = self._given(name)
        whole = over(table(said, "orgs", name), table(said, "genesys"), ("orgs", name))
        return Genesys.model_construct(**whole)  # type: ignore[arg-type]  # checked one by one

    def _org(self, name: str, genesys: Genesys) -> Org:
        if genesys.base_url is not None and genesys.region is not None:
            genesys = genesys.model_copy(update={"region": None})
        return Org(
            name=name,
            client_id=cast("str", genesys.client_id),
            client_secret=cast("SecretStr", genesys.client_secret),
            genesys=genesys,
            ca_bundle=self.folder / genesys.ca_bundle if genesys.ca_bundle else None,
        )
