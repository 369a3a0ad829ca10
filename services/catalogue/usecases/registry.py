"""Everything a room may ask of the catalogue, in one value that wiring builds and rooms receive."""

from dataclasses import dataclass

from services.catalogue.usecases.assets import Assets
from services.catalogue.usecases.search import SearchAssets
from services.catalogue.usecases.states import IndexStates
from services.catalogue.usecases.trigger import TriggerCaching
from services.catalogue.usecases.validate import Validate


@dataclass(frozen=True, slots=True, kw_only=True)
class UseCases:
    assets: Assets
    search: SearchAssets
    states: IndexStates
    trigger: TriggerCaching
    validate: Validate
