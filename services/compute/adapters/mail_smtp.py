"""Letters over SMTP (the port Mail). Whose address it is, is asked when a letter is sent, and not kept."""

import smtplib
import ssl
from collections.abc import Callable
from email.message import EmailMessage
from typing import Final
from urllib.parse import unquote, urlsplit

from libs.web.settings import Secret
from services.compute.ports.mail import MailRefused, MailUnavailable

SECONDS: Final = 20.0
NO_TLS: Final = "the mail server offers no TLS, and without it no password is sent"
NO_ADDRESS: Final = "nobody knows an address of this person"
_FOR_NOW: Final = range(400, 500)  # RFC 5321: the server may take it later
AddressOf = Callable[[str], str | None]
"""By subject; None for who has none. Raises MailUnavailable."""


class SmtpMail:
    """`url` is `smtp[s]://[user:password@]host[:port]`; plain smtp turns to TLS when the server offers it,
    and must when there is a password.
    """

    def __init__(self, url: Secret, sender: str, address_of: AddressOf) -> None:
        self._url = url
        self._sender = sender
        self._address_of = address_of

    def address_of(self, owner: str) -> str:
        address = self._address_of(owner)
        if not address:
            raise MailRefused(NO_ADDRESS)
        return address

    def send(self, address: str, subject: str, text: str) -> None:
        letter = EmailMessage()
        letter["From"], letter["To"], letter["Subject"] = self._sender, address, subject
        letter["Auto-Submitted"] = "auto-generated"
        letter.set_content(text)
        try:
            with self._server() as server:
                server.send_message(letter)
        except smtplib.SMTPRecipientsRefused as error:
            codes = [code for code, _ in error.recipients.values()]
            if all(code in _FOR_NOW for code in codes):
                raise MailUnavailable("the mail server takes it later") from error
            raise MailRefused("the mail server does not take this address") from error
        except (OSError, smtplib.SMTPException) as error:
            raise MailUnavailable(f"the mail server could not take it ({type(error).__name__})") from error

    def _server(self) -> smtplib.SMTP:
        parts = urlsplit(self._url.reveal())
        host = parts.hostname or ""
        if parts.scheme == "smtps":
            server: smtplib.SMTP = smtplib.SMTP_SSL(
                host, parts.port or 465, timeout=SECONDS, context=ssl.create_default_context()
            )
        else:
            server = smtplib.SMTP(host, parts.port or 25, timeout=SECONDS)
            server.ehlo()
            if server.has_extn("starttls"):
                server.starttls(context=ssl.create_default_context())
            elif parts.username:
                server.close()
                raise MailUnavailable(NO_TLS)  # a password goes over no wire that everybody can read
        if parts.username:
            server.login(unquote(parts.username), unquote(parts.password or ""))
        return server
