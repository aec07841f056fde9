"""The engines there is SQL for, a module each. They know no other engine and no script."""

from ..sql import Dialect
from .athena import ATHENA
from .duckdb import DUCKDB
from .postgres import POSTGRES
from .redshift import REDSHIFT
from .snowflake import SNOWFLAKE
from .spark import SPARK

DIALECTS: dict[str, Dialect] = {
    one.name: one for one in (ATHENA, REDSHIFT, SNOWFLAKE, SPARK, DUCKDB, POSTGRES)
}
