"""Hosts of a test's own: network namespaces with one address each, on a bridge in a namespace of its own, so that
nothing of the machine's network is touched. Packets are dropped by nft in the host that they reach, counted; slow links
are tc's token buckets. Needs root, ip, nft and tc."""

import json
import os
import pathlib
import shutil
import subprocess

from chaoslib import clusterlib, weirlib

NETWORK = "10.77.0."


def run(*command, check=True):
    done = subprocess.run(list(map(str, command)), capture_output=True, text=True, check=False)
    if check and done.returncode:
        raise AssertionError(f"{' '.join(map(str, command))}: {done.stderr.strip()}")
    return done


def why_not():
    """Why there can be no namespaces here; None where there can."""
    if os.geteuid():
        return "not root"
    for tool in ("ip", "nft", "tc"):
        if not shutil.which(tool):
            return f"no {tool}"
    name = f"weir-try-{os.getpid()}"
    made = run("ip", "netns", "add", name, check=False)
    if made.returncode:
        return made.stderr.strip()
    try:
        for command in (("ip", "link", "add", "try0", "type", "bridge"), ("nft", "add", "table", "inet", "try"),
                        ("ip", "link", "add", "try1", "type", "veth", "peer", "name", "try2"),
                        ("tc", "qdisc", "add", "dev", "try1", "root", "tbf", "rate", "1mbit", "burst", "32kbit",
                         "latency", "400ms")):
            tried = run("ip", "netns", "exec", name, *command, check=False)
            if tried.returncode:
                return tried.stderr.strip()
    finally:
        run("ip", "netns", "del", name, check=False)
    return None


class Host:
    """One namespace; `weir` is a program that runs weir in it."""

    def __init__(self, net, number):
        self.name, self.address = f"{net.name}-{number}", NETWORK + str(number + 1)
        run("ip", "netns", "add", self.name)
        net.made.append(self.name)
        self.inside("ip", "link", "set", "lo", "up")
        run("ip", "link", "add", "eth0", "netns", self.name, "type", "veth", "peer", "name", f"p{number}", "netns",
            net.switch)
        self.inside("ip", "addr", "add", f"{self.address}/24", "dev", "eth0")
        self.inside("ip", "link", "set", "eth0", "up")
        net.in_switch("ip", "link", "set", f"p{number}", "master", "br0", "up")
        self.inside("nft", "add", "table", "inet", "chaos")
        self.inside("nft", "add", "chain", "inet", "chaos", "drops", "{ type filter hook input priority 0; }")
        self.weir = net.directory / f"weir-{number}"
        self.weir.write_text(f'#!/bin/sh\nexec ip netns exec {self.name} {weirlib.WEIR} "$@"\n')
        self.weir.chmod(0o755)

    def inside(self, *command):
        return run("ip", "netns", "exec", self.name, *command)

    def drop_from(self, other):
        """What `other` sends never arrives here."""
        self.inside("nft", "add", "rule", "inet", "chaos", "drops", "ip", "saddr", other.address, "counter", "drop")

    def drop_randomly(self, one_of):
        """Every packet is lost with a chance of 1 / one_of."""
        self.inside("nft", "add", "rule", "inet", "chaos", "drops", "meta", "iifname", "eth0", "numgen", "random",
                    "mod", one_of, "==", "0", "counter", "drop")

    def slow_down(self, rate):
        self.inside("tc", "qdisc", "replace", "dev", "eth0", "root", "tbf", "rate", rate, "burst", "2kb",
                    "latency", "800ms")

    def delayed_packets(self):
        """How often the token bucket held a packet back."""
        stats = json.loads(self.inside("tc", "-s", "-j", "qdisc", "show", "dev", "eth0").stdout)
        return sum(each.get("overlimits", 0) for each in stats)

    def heal(self):
        """No drops and no slow link any more; the packets that were dropped."""
        text = self.inside("nft", "-j", "list", "table", "inet", "chaos").stdout
        dropped = sum(part["counter"]["packets"] for item in json.loads(text)["nftables"] if "rule" in item
                      for part in item["rule"]["expr"] if "counter" in part)
        self.inside("nft", "flush", "chain", "inet", "chaos", "drops")
        run("ip", "netns", "exec", self.name, "tc", "qdisc", "del", "dev", "eth0", "root", check=False)
        return dropped


class Net:
    """`count` hosts; host 0 is the driver's."""

    made_nets = 0

    def __init__(self, directory, count):
        self.directory = pathlib.Path(directory)
        Net.made_nets += 1
        self.name = f"weir{os.getpid()}n{Net.made_nets}"
        self.switch = self.name + "-br"
        self.made = [self.switch]
        run("ip", "netns", "add", self.switch)
        try:
            self.in_switch("ip", "link", "add", "br0", "type", "bridge")
            self.in_switch("ip", "link", "set", "br0", "up")
            self.hosts = [Host(self, number) for number in range(count)]
        except BaseException:
            self.close()
            raise

    def in_switch(self, *command):
        return run("ip", "netns", "exec", self.switch, *command)

    def heal(self):
        return sum(host.heal() for host in self.hosts)

    def close(self):
        for name in reversed(self.made):
            run("ip", "netns", "del", name, check=False)
        self.made.clear()


class NetCluster(clusterlib.Cluster):
    """The driver on host 0, one executor on each of the others."""

    def __init__(self, directory, hosts, **options):
        directory = pathlib.Path(directory)
        directory.mkdir(parents=True, exist_ok=True)
        self.net = Net(directory, hosts)
        secret = clusterlib.make_secret(directory / "secret")
        super().__init__(directory / "cluster", executors=0, secret=secret, weir=str(self.net.hosts[0].weir),
                         listen=f"tcp://{self.net.hosts[0].address}:0", **options)

    def start(self):
        self.start_driver()
        for host in self.net.hosts[1:]:
            self.add_executor_on(host)
        return self

    def add_executor_on(self, host):
        self.made += 1
        command = ["executor", "--driver", self.driver.url, "--cores", self.cores, "--listen",
                   f"tcp://{host.address}:0", *self.executor_arguments]
        executor = clusterlib.Process(command, self.directory / f"executor-{self.made}",
                                      self.environment(self.executor_env), str(host.weir))
        executor.host = host
        self.executors.append(executor)
        return executor

    def close(self):
        self.net.heal()
        super().close()
        self.net.close()
