"""Certificates for the tests: an authority, an agent's and clients'."""

import os
import ssl
import subprocess


def openssl(*arguments):
    subprocess.run(["openssl", *arguments], check=True, capture_output=True)


class Pki:
    """An authority, a certificate for the agent and client certificates, in one directory."""

    def __init__(self, directory):
        self.directory = directory
        self.make("ca", "/CN=authority")
        self.sign("server", "-addext", "subjectAltName=IP:127.0.0.1")
        self.sign("client")

    def path(self, name):
        return os.path.join(self.directory, name)

    def make(self, name, subject, *more):
        openssl("req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes",
                "-days", "30", "-subj", subject, "-out", self.path(name + ".pem"), "-keyout",
                self.path(name + ".key"), *more)

    def sign(self, name, *more):
        self.make(name, "/CN=" + name, "-CA", self.path("ca.pem"), "-CAkey", self.path("ca.key"),
                  *more)

    def expired(self, name):
        openssl("req", "-new", "-key", self.path("client.key"), "-subj", "/CN=" + name, "-out",
                self.path(name + ".csr"))
        openssl("x509", "-req", "-days", "-1", "-in", self.path(name + ".csr"), "-CA",
                self.path("ca.pem"), "-CAkey", self.path("ca.key"), "-out",
                self.path(name + ".pem"))

    def context(self, client=None, key=None):
        context = ssl.create_default_context(cafile=self.path("ca.pem"))
        if client:
            context.load_cert_chain(self.path(client + ".pem"),
                                    self.path((key or client) + ".key"))
        return context
