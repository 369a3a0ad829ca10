"""The administrator that an empty service begins with."""

import logging

from services.auth.domain.authority import OPERATOR
from services.auth.domain.people import NameTaken
from services.auth.ports.people import People
from services.auth.usecases.people import Accounts, NewPerson

log = logging.getLogger(__name__)


def ensure_admin(people: People, accounts: Accounts, username: str, password: str) -> bool:
    """Make the administrator unless there is one; of processes that start at once, one makes it.

    Somebody who is there already is never made an administrator by this. Raises StoreUnavailable.
    """
    if people.has_admin():
        return False
    try:
        accounts.create(OPERATOR, NewPerson(username=username, password=password, is_admin=True))
    except NameTaken:
        if not people.has_admin():
            log.error("the first administrator could not be made: the name is somebody's")
        return False
    log.info("the first administrator was made")
    return True
