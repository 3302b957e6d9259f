# Licensed under the Apache License, Version 2.0; see LICENSE.
"""`weir driver --connect` as a process, for the checks that drive it with Connect clients."""

import os
import pathlib
import re
import signal
import subprocess
import threading

ROOT = pathlib.Path(__file__).resolve().parent.parent.parent
START_SECONDS = 20
STOP_SECONDS = 30


class Checks:
    def __init__(self, name):
        self.name, self.passed, self.failed = name, 0, 0

    def check(self, what, ok, detail=""):
        if ok:
            self.passed += 1
        else:
            self.failed += 1
            print(f"FAILED {self.name}: {what}: {str(detail)[:1500]}", flush=True)

    def finish(self):
        print(f"{self.name}: {self.passed} passed, {self.failed} failed")
        return 1 if self.failed else 0


class Driver:
    """A driver with two task threads on a free port. `arguments` go to it as they are."""

    def __init__(self, *arguments):
        program = os.environ.get("WEIR") or str(ROOT / "build/debug/weir")
        self.process = subprocess.Popen([program, "driver", "--master", "local[2]", "--connect", "127.0.0.1:0",
                                         *arguments], stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True)
        timer = threading.Timer(START_SECONDS, self.process.kill)
        timer.start()
        self.log = []
        for line in self.process.stderr:
            self.log.append(line)
            found = re.search(r"listens at sc://\S+:(\d+)", line)
            if found:
                self.port = int(found[1])
                break
        timer.cancel()
        if not hasattr(self, "port"):
            raise RuntimeError(f"the driver does not start: {''.join(self.log)}")
        self.url = f"sc://localhost:{self.port}"
        self.reader = threading.Thread(target=lambda: self.log.extend(self.process.stderr), daemon=True)
        self.reader.start()

    def status(self, name):
        """A number of /proc/PID/status, such as VmRSS (in kB) or Threads."""
        text = pathlib.Path(f"/proc/{self.process.pid}/status").read_text("ascii")
        return int(re.search(rf"^{name}:\s+(\d+)", text, re.MULTILINE)[1])

    def memory_mb(self):
        return self.status("VmRSS") / 1024

    def descriptors(self):
        return len(os.listdir(f"/proc/{self.process.pid}/fd"))

    def close(self):
        """Ends it; None where it ended well, else what is wrong."""
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGTERM)
        try:
            status = self.process.wait(STOP_SECONDS)
        except subprocess.TimeoutExpired:
            self.process.kill()
            return "it does not end"
        self.reader.join(STOP_SECONDS)
        return None if status == 0 else f"status {status}: {''.join(self.log[-40:])}"
