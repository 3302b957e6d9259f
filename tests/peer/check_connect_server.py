#!/usr/bin/env python3
# Licensed under the Apache License, Version 2.0; see LICENSE.
"""The Connect server, with a test backend, driven by the stock PySpark client.

    python tests/peer/check_connect_server.py [PATH-OF-connect_test_server]
"""

import json
import os
import pathlib
import subprocess
import sys
import tempfile
import threading
import time
import uuid

import grpc
import pyspark.sql.connect.proto as pb
import pyspark.sql.connect.proto.base_pb2_grpc as stubs
from pyspark.errors import AnalysisException, ArithmeticException, PySparkException, SparkNoSuchElementException
from pyspark.sql.connect.session import SparkSession

ROOT = pathlib.Path(__file__).resolve().parent.parent.parent
PASSED, FAILED = [], []


def check(name, ok, detail=""):
    (PASSED if ok else FAILED).append(name)
    if not ok:
        print(f"FAILED {name}: {detail}", flush=True)


class Server:
    def __init__(self, program, *options):
        self.process = subprocess.Popen([program, *options], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        words = self.process.stdout.readline().split()
        self.port, self.open_ms = words[1], words[3]
        self.url = f"sc://localhost:{self.port}"  # a token goes in plaintext to this name alone

    def stats(self):
        self.process.stdin.write("stats\n")
        self.process.stdin.flush()
        return json.loads(self.process.stdout.readline())

    def memory_mb(self):
        text = pathlib.Path(f"/proc/{self.process.pid}/status").read_text("ascii")
        return int(text.split("VmRSS:")[1].split()[0]) / 1024

    def close(self):
        out, _ = self.process.communicate(timeout=60)
        words = out.split()
        return self.process.returncode == 0 and len({words[2], words[4], words[6]}) == 1


def session(server, **options):
    url = server.url + "/;" + ";".join(f"{k}={v}" for k, v in options.items())
    return SparkSession.builder.remote(url).create()


def fails(name, kind, condition, function):
    try:
        function()
        check(name, False, "no error")
    except PySparkException as error:
        check(name, isinstance(error, kind) and error.getCondition() == condition, f"{type(error)} {error}")
        return error
    return None


def check_session(server):
    spark = session(server)
    check("version", spark.version == "4.3.0", spark.version)
    spark.conf.set("my.key", "value")
    check("conf", spark.conf.get("my.key") == "value" and spark.conf.get("my.other", "x") == "x")
    check("conf default", spark.conf.get("spark.sql.shuffle.partitions") == "200")
    check("conf modifiable", spark.conf.isModifiable("spark.sql.ansi.enabled"))
    spark.conf.unset("my.key")
    fails("conf unset", SparkNoSuchElementException, "SQL_CONF_NOT_FOUND", lambda: spark.conf.get("my.key"))
    fails("conf static", AnalysisException, "CANNOT_MODIFY_STATIC_CONFIG",
          lambda: spark.conf.set("spark.sql.warehouse.dir", "x"))
    rows = spark.sql("batch 5").collect()
    check("rows", [row.id for row in rows] == [0, 1, 2] * 5, rows)
    check("table", spark.sql("batch 2").toArrow().num_rows == 6)
    check("schema", spark.sql("batch 1").schema.simpleString() == "struct<id:bigint>")
    error = fails("error", ArithmeticException, "DIVIDE_BY_ZERO", lambda: spark.sql("fail").collect())
    check("error details", error.getSqlState() == "22012" and
          error.getMessageParameters() == {"config": '"spark.sql.ansi.enabled"'} and
          error.getQueryContext()[0].fragment() == "1 / 0" and "JVM" not in str(error), error)
    error = fails("long error", PySparkException, "INTERNAL_ERROR", lambda: spark.sql("longfail 500000").collect())
    check("long error whole", len(str(error)) > 400000, len(str(error)))
    spark.stop()
    fails("after stop", PySparkException, "NO_ACTIVE_SESSION", lambda: spark.conf.get("a"))


def check_reattach(server):
    spark = session(server)
    spark.conf.set("spark.connect.execute.reattachable.senderMaxStreamSize", "123")
    spark.conf.set("spark.connect.execute.reattachable.senderMaxStreamDuration", "300ms")
    check("a stream a response", len(spark.sql("batch 50").collect()) == 150)
    started = time.monotonic()
    check("longer than a stream", len(spark.sql("sleep 1500").collect()) == 3)
    check("no longer than it must", time.monotonic() - started < 4, time.monotonic() - started)
    spark.stop()


def check_interrupts(server):
    for kind in ("all", "tag", "operation"):
        spark = session(server)
        found = []

        def run(spark=spark, found=found):
            spark.addTag("slow")
            try:
                spark.sql("wait").collect()
            except PySparkException as error:
                found.append(error.getCondition())
        thread = threading.Thread(target=run)
        thread.start()
        while server.stats()["running"] == 0:
            time.sleep(0.01)
        if kind == "all":
            ids = spark.interruptAll()
        elif kind == "tag":
            ids = spark.interruptTag("slow")
        else:
            ids = spark.interruptOperation(str(uuid.uuid4()))
            check("no such operation", ids == [], ids)
            ids = spark.interruptAll()
        thread.join(10)
        check(f"interrupt {kind}", found == ["OPERATION_CANCELED"] and len(ids) == 1, (found, ids))
        spark.stop()


def check_many(server):
    def use(index, failed):
        try:
            spark = session(server, user_id=f"user{index % 5}")
            spark.conf.set("my.index", str(index))
            for _ in range(3):
                if len(spark.sql(f"batch {index % 7 + 1}").collect()) != (index % 7 + 1) * 3:
                    failed.append("rows")
            if spark.conf.get("my.index") != str(index):
                failed.append("conf")
            spark.stop()
        except Exception as error:  # pylint: disable=broad-except
            failed.append(error)
    failed = []
    threads = [threading.Thread(target=use, args=(i, failed)) for i in range(50)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    check("50 sessions at once", not failed, failed[:3])
    time.sleep(0.5)
    stats = server.stats()
    check("nothing is left of them", stats["sessions"] == 0 and stats["operations"] == 0 and stats["buffered"] == 0,
          stats)


def raw_request(query, operation=None):
    request = pb.ExecutePlanRequest(session_id=str(uuid.uuid4()), operation_id=operation or str(uuid.uuid4()))
    request.plan.root.sql.query = query
    request.request_options.add().reattach_options.reattachable = True
    return request


def check_rude(server):
    """Slow readers, large messages, clients that are cut, beside one that is served."""
    spark = session(server)
    unlimited = [("grpc.max_send_message_length", -1), ("grpc.use_local_subchannel_pool", 1)]
    with grpc.insecure_channel(f"127.0.0.1:{server.port}", unlimited) as channel:
        slow = stubs.SparkConnectServiceStub(channel).ExecutePlan(raw_request("bytes 1000000 2000"))
        next(slow)
        time.sleep(1)
        check("a slow reader does not fill the memory", server.memory_mb() < 250, server.memory_mb())
        check("served beside a slow reader", len(spark.sql("batch 1").collect()) == 3)
        call = channel.unary_unary("/spark.connect.SparkConnectService/AnalyzePlan")
        for size in (200 << 20, 1 << 30):
            try:
                call(b"\x1a" + bytes(size), timeout=60)
                check("oversize", False, "accepted")
            except grpc.RpcError as error:
                check(f"oversize {size >> 20} MiB", error.code() in (grpc.StatusCode.RESOURCE_EXHAUSTED,
                                                                    grpc.StatusCode.UNAVAILABLE), error.code())
            check("served beside it", len(spark.sql("batch 1").collect()) == 3)
        check("memory of the largest", server.memory_mb() < 1000, server.memory_mb())  # 340 without a sanitizer
    request = raw_request("sleep 1500")
    executions = server.stats()["executions"]
    with grpc.insecure_channel(f"127.0.0.1:{server.port}", unlimited) as channel:
        cut = stubs.SparkConnectServiceStub(channel).ExecutePlan(request)
        while server.stats()["executions"] == executions:  # the slow reader's may be running still
            time.sleep(0.01)
        del cut
    with grpc.insecure_channel(f"127.0.0.1:{server.port}", unlimited) as channel:  # another connection
        reattach = pb.ReattachExecuteRequest(session_id=request.session_id, operation_id=request.operation_id)
        got = list(stubs.SparkConnectServiceStub(channel).ReattachExecute(reattach))
        check("the operation outlives its connection", got[-1].HasField("result_complete") and len(got) == 3, got)
    spark.stop()


def check_token(program):
    server = Server(program, "token=right")
    spark = session(server, token="right")
    check("token", spark.conf.get("spark.sql.ansi.enabled") == "true")
    request = pb.ConfigRequest(session_id=str(uuid.uuid4()))
    request.operation.get.keys.append("spark.sql.ansi.enabled")
    with grpc.insecure_channel(f"127.0.0.1:{server.port}") as channel:
        for name, metadata in {"no token": [], "wrong token": [("authorization", "Bearer wrong")]}.items():
            try:
                stubs.SparkConnectServiceStub(channel).Config(request, metadata=metadata)
                check(name, False, "answered")
            except grpc.RpcError as error:
                check(name, error.code() == grpc.StatusCode.UNAUTHENTICATED, error)
    spark.stop()
    check("closes with a token", server.close())


def check_tls(program, directory):
    subprocess.run(["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-keyout", "key.pem", "-out",
                    "cert.pem", "-days", "2", "-subj", "/CN=localhost", "-addext", "subjectAltName=DNS:localhost"],
                   cwd=directory, check=True, capture_output=True)
    server = Server(program, f"cert={directory}/cert.pem", f"key={directory}/key.pem", "token=right")
    trusted = grpc.ssl_channel_credentials(pathlib.Path(directory, "cert.pem").read_bytes())
    request = pb.ConfigRequest(session_id=str(uuid.uuid4()))
    request.operation.get.keys.append("spark.sql.ansi.enabled")
    with grpc.secure_channel(f"localhost:{server.port}", trusted) as channel:
        stub = stubs.SparkConnectServiceStub(channel)
        answer = stub.Config(request, metadata=[("authorization", "Bearer right")])
        check("TLS", answer.pairs[0].value == "true")
    with grpc.insecure_channel(f"localhost:{server.port}") as channel:
        try:
            stubs.SparkConnectServiceStub(channel).Config(request, timeout=3)
            check("plaintext to TLS", False, "answered")
        except grpc.RpcError as error:
            check("plaintext to TLS", True, error)
    check("closes with TLS", server.close())


def figures(server):
    """Round trips as the client sees them; the client is Python and has the larger share."""
    with grpc.insecure_channel(f"127.0.0.1:{server.port}") as channel:
        stub = stubs.SparkConnectServiceStub(channel)
        request = pb.ConfigRequest(session_id=str(uuid.uuid4()))
        request.operation.get.keys.append("spark.sql.ansi.enabled")

        def execute():
            one = raw_request("batch 1")
            one.session_id = request.session_id
            list(stub.ExecutePlan(one))
            release = pb.ReleaseExecuteRequest(session_id=request.session_id, operation_id=one.operation_id)
            release.release_all.SetInParent()
            stub.ReleaseExecute(release)
        for name, function in {"Config": lambda: stub.Config(request), "Execute+Release": execute}.items():
            for _ in range(50):
                function()
            started = time.perf_counter()
            for _ in range(500):
                function()
            print(f"{name}: {(time.perf_counter() - started) / 500 * 1e6:.0f} us a round trip")


def main():
    program = sys.argv[1] if len(sys.argv) > 1 else str(ROOT / "build/debug/connect_test_server")
    if not os.access(program, os.X_OK):
        print(f"check_connect_server: skipped: there is no program {program}")
        return 0
    server = Server(program)
    print(f"door open after {server.open_ms} ms, {server.memory_mb():.1f} MB")
    for function in (check_session, check_reattach, check_interrupts, check_many, check_rude):
        try:
            function(server)
        except Exception as error:  # pylint: disable=broad-except
            check(function.__name__, False, f"{type(error).__name__}: {error}")
    figures(server)
    check("closes", server.close())
    check_token(program)
    with tempfile.TemporaryDirectory() as directory:
        check_tls(program, directory)
    print(f"{len(PASSED)} passed, {len(FAILED)} failed")
    return 1 if FAILED else 0


if __name__ == "__main__":
    STATUS = main()
    sys.stdout.flush()
    os._exit(STATUS)  # the client's threads would wait for minutes for a server that is gone
