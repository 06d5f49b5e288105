"""A mail server for tests: it wants TLS and a password, and writes each mail it takes as a line of JSON.

usage: mail_server.py ADDRESS PORT CERTIFICATE KEY USER PASSWORD FILE starttls|tls
"""

import asyncio
import json
import ssl
import sys

from aiosmtpd.smtp import SMTP, AuthResult

address, port, certificate, key, user, password, taken, security = sys.argv[1:]
starts_in_clear = security == "starttls"


class Box:
    async def handle_DATA(self, server, session, envelope):
        mail = {
            "from": envelope.mail_from,
            "to": envelope.rcpt_tos,
            "encrypted": not starts_in_clear or session.ssl is not None,
            "user": session.auth_data.login.decode(),
            "text": envelope.content.decode(),
        }
        with open(taken, "a") as file:
            file.write(json.dumps(mail) + "\n")
        return "250 taken"


def is_known(server, session, envelope, mechanism, given):
    is_right = (given.login, given.password) == (user.encode(), password.encode())
    return AuthResult(success=is_right, handled=False, auth_data=given)


context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
context.load_cert_chain(certificate, key)


def server():
    takes = {"auth_required": True, "authenticator": is_known, "hostname": "mail.example"}
    if starts_in_clear:
        return SMTP(Box(), tls_context=context, require_starttls=True, **takes)
    # It does not know that the connection is encrypted already.
    return SMTP(Box(), auth_require_tls=False, **takes)


async def serve():
    within = None if starts_in_clear else context
    listening = await asyncio.get_running_loop().create_server(server, address, int(port), ssl=within)
    async with listening:
        await listening.serve_forever()


asyncio.run(serve())
