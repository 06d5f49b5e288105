"""A mail server for tests: it wants STARTTLS and a password, and writes each mail it takes as a line of JSON.

usage: mail_server.py ADDRESS PORT CERTIFICATE KEY USER PASSWORD FILE
"""

import asyncio
import json
import ssl
import sys

from aiosmtpd.smtp import SMTP, AuthResult

address, port, certificate, key, user, password, taken = sys.argv[1:]


class Box:
    async def handle_DATA(self, server, session, envelope):
        mail = {
            "from": envelope.mail_from,
            "to": envelope.rcpt_tos,
            "encrypted": session.ssl is not None,
            "user": session.auth_data.login.decode(),
            "text": envelope.content.decode(),
        }
        with open(taken, "a") as file:
            file.write(json.dumps(mail) + "\n")
        return "250 taken"


def is_known(server, session, envelope, mechanism, given):
    is_right = (given.login, given.password) == (user.encode(), password.encode())
    return AuthResult(success=is_right, auth_data=given)


def server():
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate, key)
    return SMTP(Box(), tls_context=context, require_starttls=True, auth_required=True, authenticator=is_known, hostname="mail.example")


async def serve():
    listening = await asyncio.get_running_loop().create_server(server, address, int(port))
    async with listening:
        await listening.serve_forever()


asyncio.run(serve())
