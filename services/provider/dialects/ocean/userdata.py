"""`userdata` as clients send it: JSON text in a query, an object in a body. Numbers become numbers again,
because origins want them.
"""

from libs.web.ocean_form import plain
from libs.web.params import Params


def userdata(params: Params) -> object:
    """For domain.userdata.parse_userdata, which judges it."""
    return plain(params.value("userdata"))
