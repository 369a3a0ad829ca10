"""What a description is read with besides itself: who sends it, and what this gateway offers."""

from services.compute.dialects.prominence.description import Terms
from services.compute.dialects.prominence.parts import ProminenceParts
from services.compute.dialects.prominence.queries import caller
from services.compute.dialects.prominence.signed_links import SignedLinks


def terms_of(parts: ProminenceParts, links: SignedLinks) -> Terms:
    principal = caller()
    return Terms(
        owner=principal.subject,
        username=principal.name,
        groups=principal.groups,
        placing=parts.placing,
        url=links.api(),
        failure_completes=parts.exit_completes,
    )
