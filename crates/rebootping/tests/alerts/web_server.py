"""A web server for tests that speaks TLS as ntfy does: it writes each message it takes as a line of JSON.

usage: web_server.py ADDRESS PORT CERTIFICATE KEY FILE
"""

import http.server
import json
import ssl
import sys

address, port, certificate, key, taken = sys.argv[1:]
# What it makes of messages, by the first part of the path.
ANSWERS = {"wrong": (400, "the topic is wrong"), "closed": (403, "no token")}


class Topic(http.server.BaseHTTPRequestHandler):
    def do_POST(self):
        text = self.rfile.read(int(self.headers["Content-Length"])).decode()
        status, words = ANSWERS.get(self.path.split("/")[1], (200, "{}"))
        if status == 200:
            with open(taken, "a") as file:
                file.write(json.dumps({"path": self.path, "headers": dict(self.headers), "text": text}) + "\n")
        self.send_response(status)
        self.end_headers()
        self.wfile.write(words.encode())


context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
context.load_cert_chain(certificate, key)
server = http.server.ThreadingHTTPServer((address, int(port)), Topic)
server.socket = context.wrap_socket(server.socket, server_side=True)
server.serve_forever()
