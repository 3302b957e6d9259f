#!/usr/bin/env python3
# Licensed under the Apache License, Version 2.0; see LICENSE.
"""The stock client and Weir's driver over TLS: certificates of the server and of clients, tokens, refusals. What is
wrong for good is told at once: a client that is answered UNAVAILABLE tries again for ten minutes."""

import os
import pathlib
import socket
import ssl
import subprocess
import sys
import tempfile
import threading
import time

from connect_driver import ROOT, Checks, Driver

sys.path.insert(0, str(ROOT / "tests/integration"))
import it_connect_strangers as strangers  # noqa: E402

TOKEN = "a-secret-of-some-length"
DAYS = "2"
REFUSED_SECONDS_MAX = 15
CONNECTIONS_MAX = 2000  # the default of weir_connect_config

# One client a process: gRPC reads its roots once. argv: URL, then NAME=FILE of a client's certificate and key.
CLIENT = """
import logging, sys
logging.disable(logging.CRITICAL)
import grpc
from pyspark.errors import PySparkException
from pyspark.sql.connect.client import DefaultChannelBuilder
from pyspark.sql.connect.session import SparkSession

class Builder(DefaultChannelBuilder):
    def toChannel(self):
        if len(sys.argv) < 4:
            return super().toChannel()
        chain, key = (open(name, "rb").read() for name in sys.argv[2:4])
        root = open(sys.argv[4], "rb").read()
        made = grpc.ssl_channel_credentials(root, private_key=key, certificate_chain=chain)
        return self._secure_channel(self.endpoint, made)
try:
    spark = SparkSession.builder.channelBuilder(Builder(sys.argv[1])).create()
    print("rows", spark.range(30000).count(), len(spark.range(30000).collect()))
    spark.stop()
except PySparkException as error:
    print("error", type(error).__name__, str(error).replace(chr(10), " "))
except grpc.RpcError as error:
    print("rpc", error.code().name, error.details())
"""


def openssl(directory, *words):
    subprocess.run(["openssl", *words], cwd=directory, check=True, capture_output=True)


def make_certificates(directory):
    os.umask(0o077)
    for name in "ca", "other":
        openssl(directory, "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", DAYS, "-subj", f"/CN={name}",
                "-keyout", f"{name}.key", "-out", f"{name}.pem")
    for name, issuer in {"server": "ca", "client": "ca", "stranger": "other"}.items():
        pathlib.Path(directory, f"{name}.ext").write_text("subjectAltName=DNS:localhost\n", "ascii")
        openssl(directory, "req", "-newkey", "rsa:2048", "-nodes", "-subj", f"/CN={name}", "-keyout", f"{name}.key",
                "-out", f"{name}.csr")
        openssl(directory, "x509", "-req", "-in", f"{name}.csr", "-CA", f"{issuer}.pem", "-CAkey", f"{issuer}.key",
                "-CAcreateserial", "-days", DAYS, "-extfile", f"{name}.ext", "-out", f"{name}.pem")


def client(directory, url, *files, roots="ca.pem"):
    """What the client says, and how long it took."""
    began = time.monotonic()
    environment = {**os.environ, "GRPC_DEFAULT_SSL_ROOTS_FILE_PATH": f"{directory}/{roots}"}
    run = subprocess.run([sys.executable, "-W", "ignore", "-c", CLIENT, url, *files], cwd=directory, env=environment,
                         capture_output=True, text=True, timeout=120, check=False)
    return (run.stdout or run.stderr[-600:]).strip(), time.monotonic() - began


def check_token(checks, directory, files):
    driver = Driver(*files, "--secret-file", f"{directory}/secret")
    url = driver.url + "/;use_ssl=true"
    served = {"token": f";token={TOKEN}", "token with headers": f";token={TOKEN};x-trace=1;x-other=a%20b"}
    for name, more in served.items():
        said, _ = client(directory, url + more)
        checks.check(name, said == "rows 30000 30000", said)
    refused = {"wrong token": (";token=wrong", "Invalid authentication token"),
               "token cut": (f";token={TOKEN[:-1]}", "Invalid authentication token"),
               "no token": ("", "No authentication token provided"),
               "another header": (f";x-authorization={TOKEN}", "No authentication token provided")}
    for name, (more, text) in refused.items():
        said, seconds = client(directory, url + more)
        checks.check(name, text in said and seconds < REFUSED_SECONDS_MAX, f"{said} after {seconds:.1f} s")
    checks.check("the right token afterwards", client(directory, url + f";token={TOKEN}")[0] == "rows 30000 30000")
    checks.check("ends well with a token", (problem := driver.close()) is None, problem)


def raw_call(directory, port, roots="ca.pem", files=()):
    """The status of one call by itself, without the client's patience."""
    import grpc
    import pyspark.sql.connect.proto as pb
    import pyspark.sql.connect.proto.base_pb2_grpc as stubs
    texts = [pathlib.Path(directory, name).read_bytes() for name in files] or [None, None]
    made = grpc.ssl_channel_credentials(pathlib.Path(directory, roots).read_bytes(), private_key=texts[1],
                                        certificate_chain=texts[0])
    request = pb.ConfigRequest(session_id="00112233-4455-6677-8899-aabbccddeeff")
    request.operation.get.keys.append("spark.sql.ansi.enabled")
    with grpc.secure_channel(f"localhost:{port}", made) as channel:
        try:
            return stubs.SparkConnectServiceStub(channel).Config(request, timeout=10).pairs[0].value
        except grpc.RpcError as error:
            return error.code().name


def check_mutual(checks, directory, files):
    driver = Driver(*files, "--tls-ca", f"{directory}/ca.pem")
    said, _ = client(directory, driver.url + "/;use_ssl=true", "client.pem", "client.key", "ca.pem")
    checks.check("client's certificate", said == "rows 30000 30000", said)
    said, seconds = client(directory, driver.url + "/;use_ssl=true")
    checks.check("no certificate", "A client certificate is required" in said and seconds < REFUSED_SECONDS_MAX, said)
    status = raw_call(directory, driver.port)
    checks.check("no certificate's status", status == "UNAUTHENTICATED", status)
    # The handshake itself fails, there is nobody to tell anything: this is the transport's own UNAVAILABLE.
    status = raw_call(directory, driver.port, files=("stranger.pem", "stranger.key"))
    checks.check("a stranger's certificate", status == "UNAVAILABLE", status)
    checks.check("one who does not trust the server", raw_call(directory, driver.port, "other.pem",
                                                               ("client.pem", "client.key")) == "UNAVAILABLE")
    checks.check("served afterwards", raw_call(directory, driver.port, files=("client.pem", "client.key")) == "true")
    checks.check("ends well with client certificates", (problem := driver.close()) is None, problem)


def check_strangers(checks, directory, files):
    """Endless messages and more connections than the limit, beside one who works (it_connect_strangers.py)."""
    context = ssl.create_default_context(cafile=f"{directory}/ca.pem")
    context.set_alpn_protocols(["h2"])
    plain = socket.create_connection
    driver = Driver(*files)
    socket.create_connection = lambda address, timeout=None: context.wrap_socket(
        plain(address, timeout=timeout), server_hostname="localhost")
    try:
        one = strangers.Client(driver.port)
        taken = []
        pours = [threading.Thread(target=lambda: taken.append(strangers.pour(driver.port, 1 << 30, 40)))
                 for _ in range(2)]
        for thread in pours:
            thread.start()
        checks.check("works beside endless messages", (problem := strangers.works(one)) is None, problem)
        for thread in pours:
            thread.join()
        checks.check("endless messages are cut", max(taken) < 600 << 20, taken)
        checks.check("memory is bounded", driver.status("VmHWM") < strangers.MEMORY_MB_MAX << 10, driver.memory_mb())
        silent = [plain(("127.0.0.1", driver.port)) for _ in range(CONNECTIONS_MAX + 500)]
        checks.check("works beside a flood", (problem := strangers.works(one)) is None, problem)
        checks.check("the limit holds", driver.descriptors() < CONNECTIONS_MAX + 100, driver.descriptors())
        for each in silent:
            each.close()
        checks.check("works after a flood", (problem := strangers.works(strangers.Client(driver.port))) is None,
                     problem)
    finally:
        socket.create_connection = plain
    checks.check("ends well after strangers", (problem := driver.close()) is None, problem)


def main():
    checks = Checks("check_connect_tls")
    with tempfile.TemporaryDirectory() as directory:
        make_certificates(directory)
        pathlib.Path(directory, "secret").write_text(TOKEN, "ascii")
        files = ["--tls-cert", f"{directory}/server.pem", "--tls-key", f"{directory}/server.key"]
        check_token(checks, directory, files)
        check_mutual(checks, directory, files)
        check_strangers(checks, directory, files)
    return checks.finish()


if __name__ == "__main__":
    sys.exit(main())
