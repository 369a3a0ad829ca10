"""Everything a room may ask of the file catalogue, in one value that wiring builds and rooms receive."""

from dataclasses import dataclass

from services.catalogue.usecases.files.bulk import Bulk
from services.catalogue.usecases.files.directories import Directories
from services.catalogue.usecases.files.fields import Fields
from services.catalogue.usecases.files.files import Files
from services.catalogue.usecases.files.keeping import Keeping
from services.catalogue.usecases.files.metadata import Metadata
from services.catalogue.usecases.files.provenance import Provenance
from services.catalogue.usecases.files.replicas import Replicas
from services.catalogue.usecases.files.searching import Searching
from services.catalogue.usecases.files.shares import Shares


@dataclass(frozen=True, slots=True, kw_only=True)
class FileCatalogue:
    directories: Directories
    files: Files
    replicas: Replicas
    provenance: Provenance
    shares: Shares
    keeping: Keeping
    bulk: Bulk
    metadata: Metadata
    fields: Fields
    searching: Searching
