"""The port FileMetadata over one database."""

from services.catalogue.adapters.files_sql.metadata_compatible import SqlCompatible
from services.catalogue.adapters.files_sql.metadata_fields import SqlFields
from services.catalogue.adapters.files_sql.metadata_files import SqlFindingFiles
from services.catalogue.adapters.files_sql.metadata_matching import SqlMatching
from services.catalogue.adapters.files_sql.metadata_values import SqlValues


class SqlMetadata(SqlFields, SqlValues, SqlMatching, SqlCompatible, SqlFindingFiles):
    """What each method promises is written at the port."""
