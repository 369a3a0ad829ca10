"""The part of the wiring that makes the browser pages."""

from libs.sql.engine import Database
from services.auth.adapters.store_sql.api_keys import SqlApiKeys
from services.auth.adapters.store_sql.sessions import SqlSessions
from services.auth.deps import OAuthParts, WalletParts
from services.auth.dialects.pages import PagesParts
from services.auth.dialects.pages.account import Belongings
from services.auth.dialects.pages.authorize import Questions
from services.auth.dialects.pages.seals import Seals
from services.auth.dialects.pages.site import Address
from services.auth.domain.sessions import SessionPolicy
from services.auth.ports.people import Audit, People
from services.auth.settings import Settings
from services.auth.usecases.api_keys import PersonalKeys
from services.auth.usecases.dirac import Certificates, Dirac
from services.auth.usecases.sessions import LoginSessions


def pages(
    settings: Settings,
    database: Database,
    people: People,
    audit: Audit,
    parts: tuple[OAuthParts, WalletParts],
) -> PagesParts:
    oauth, wallets = parts
    clock = oauth.clock
    policy = SessionPolicy(
        lifetime_seconds=settings.session_seconds, idle_seconds=settings.session_idle_seconds
    )
    certificates = Certificates(people, clock, audit)
    return PagesParts(
        address=Address.of(settings.issuer, settings.public_urls),
        seals=Seals(settings.key_secret.reveal()),
        sessions=LoginSessions(SqlSessions(database), people, clock, audit, policy),
        passwords=wallets.passwords,
        questions=Questions(oauth.consents, oauth.single_use, clock),
        devices=oauth.devices,
        wallets=wallets.sign_in,
        groups=Dirac(people, certificates, oauth.flows, clock, audit, settings.dirac_setups),
        belongings=Belongings(
            flows=oauth.flows,
            registry=oauth.registry,
            keys=PersonalKeys(SqlApiKeys(database), audit, clock),
            account=wallets.account,
        ),
    )
