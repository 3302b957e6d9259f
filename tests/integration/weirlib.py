"""What the integration scripts share: running the program, making jobs and input, reading back what sinks and
checkpoints hold, counting checks.

A script makes a Suite, calls `check` with a name and a problem (None where all is well) and returns `finish()`:
it prints "N passed, N failed", keeps the working directory where something failed, and ends with 0, 1, or 77
where nothing could be tested. Scripts find the program in WEIR (default: build/debug/weir).
"""

import concurrent.futures
import json
import os
import pathlib
import random
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
import time
import xml.sax.saxutils

ROOT = pathlib.Path(__file__).resolve().parent.parent.parent
WEIR = os.environ.get("WEIR") or str(ROOT / "build/debug/weir")
WORKERS = int(os.environ.get("WEIR_TEST_WORKERS", "2"))
RUN_SECONDS_MAX = 30
SKIPPED = 77


# ---- counting ----

class Suite:
    def __init__(self, name=None):
        self.name = name or pathlib.Path(sys.argv[0]).stem
        if not os.access(WEIR, os.X_OK):
            print(f"{self.name}: skipped: there is no program {WEIR}")
            sys.exit(SKIPPED)
        self.directory = pathlib.Path(tempfile.mkdtemp(prefix=self.name + "-", dir=scratch_place()))
        self.passed = 0
        self.failures = []
        self.lock = threading.Lock()
        self.started = time.monotonic()

    def check(self, name, problem=None):
        """Counts one check; `problem` says what is wrong. True where it passed."""
        with self.lock:
            if not problem:
                self.passed += 1
                return True
            self.failures.append((name, str(problem)))
            print(f"FAILED {name}: {shorten(str(problem), 2500)}", flush=True)
            return False

    def expect_equal(self, name, actual, expected):
        if actual == expected:
            return self.check(name)
        return self.check(name, f"expected {shorten(expected)}, got {shorten(actual)}")

    def make_directory(self, name):
        path = self.directory / re.sub(r"[^\w.=@-]+", "_", name)[:120]
        path.mkdir(parents=True)
        return path

    def run_parallel(self, function, items):
        """function(item) for every item on WORKERS threads; an exception is a failed check."""
        def guarded(item):
            try:
                return function(item)
            except Exception as error:  # pylint: disable=broad-except
                self.check(f"{shorten(item)}", f"{type(error).__name__}: {error}")
                return None
        with concurrent.futures.ThreadPoolExecutor(WORKERS) as pool:
            return list(pool.map(guarded, items))

    def finish(self):
        seconds = time.monotonic() - self.started
        self.write_results()
        if self.failures:
            print(f"the working directory is {self.directory}")
        else:
            shutil.rmtree(self.directory, ignore_errors=True)
        print(f"{self.name}: {seconds:.1f} s")
        print(f"{self.passed} passed, {len(self.failures)} failed")
        return 1 if self.failures or not self.passed else 0

    def write_results(self):
        """The counts for tools/test_summary.py."""
        folder = os.environ.get("WEIR_TEST_RESULTS")
        if not folder:
            return
        cases = "".join(
            f"<testcase name={xml.sax.saxutils.quoteattr(name)}><failure/></testcase>"
            for name, _ in self.failures)
        total = self.passed + len(self.failures)
        pathlib.Path(folder, self.name + ".xml").write_text(
            f'<testsuites><testsuite name="{self.name}" tests="{total}" failures="{len(self.failures)}" '
            f'errors="0" disabled="0">{cases}</testsuite></testsuites>\n')


def scratch_place():
    """Where scripts work: TMPDIR, else memory where there is enough (a killed process loses nothing that it has
    written there either, and thousands of durable creates cost nothing), else the system's place."""
    shared = pathlib.Path("/dev/shm")
    if "TMPDIR" not in os.environ and shared.is_dir() and os.access(shared, os.W_OK):
        if shutil.disk_usage(shared).free >= 2 << 30:
            return str(shared)
    return None


def shorten(value, limit=600):
    text = value if isinstance(value, str) else repr(value)
    return text if len(text) <= limit else text[:limit] + f"... ({len(text)} characters)"


def skip(reason):
    print(f"{pathlib.Path(sys.argv[0]).stem}: skipped: {reason}")
    sys.exit(SKIPPED)


# ---- the program ----

class Run:
    """One ended run: status (negative = signal), texts, seconds; `hung` where it had to be killed."""

    def __init__(self, status, out, err, seconds, hung):
        self.status, self.out, self.err, self.seconds, self.hung = status, out, err, seconds, hung

    @property
    def crashed(self):
        return not self.hung and self.status < 0

    def describe(self):
        state = "hung" if self.hung else f"status {self.status}"
        return f"{state}; standard error: {shorten(self.err.strip(), 1500)}"

    def problem(self, status=0):
        """None where the run ended with `status`."""
        return None if self.status == status and not self.hung else self.describe()


def make_environment(extra=None):
    env = {key: value for key, value in os.environ.items() if key not in ("WEIR_FAIL", "TZ")}
    env.update(extra or {})
    return env


def run_weir(arguments, cwd, env=None, seconds_max=RUN_SECONDS_MAX, weir=None):
    """Runs the program to its end. Output goes through files, so that a killed run leaves what it wrote."""
    started = time.monotonic()
    with tempfile.TemporaryFile() as out, tempfile.TemporaryFile() as err:
        process = subprocess.Popen(
            [weir or WEIR, *map(str, arguments)], cwd=cwd, env=make_environment(env), stdin=subprocess.DEVNULL,
            stdout=out, stderr=err)
        hung = False
        try:
            process.wait(seconds_max)
        except subprocess.TimeoutExpired:
            hung = True
            process.send_signal(signal.SIGABRT)
            try:
                process.wait(5)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()
        return Run(process.returncode, read_back(out), read_back(err), time.monotonic() - started, hung)


def read_back(file):
    file.seek(0)
    return file.read().decode("utf-8", "replace")


def run_job(job, cwd, master="local[2]", conf=None, env=None, seconds_max=RUN_SECONDS_MAX, progress="none",
            weir=None):
    arguments = ["run", job, "--master", master, "--progress", progress]
    for key, value in (conf or {}).items():
        arguments += ["--conf", f"{key}={value}"]
    return run_weir(arguments, cwd, env, seconds_max, weir)


def has_failpoints():
    return b"failpoint %s fired" in pathlib.Path(WEIR).read_bytes()


def failpoint_names():
    """The names that the program holds, so that a new one cannot be forgotten here."""
    found = re.findall(rb"\0((?:P\d+|fs\.\w+|[a-z]+)\.[a-z_]+)(?=\0)", pathlib.Path(WEIR).read_bytes())
    return sorted({name.decode() for name in found if re.match(rb"P\d+\.|fs\.create\.", name)})


ERROR_LINE = re.compile(r"^weir: (?:.*?: )?\[([A-Z_0-9.]+)\]", re.M)


def error_conditions(text):
    """Conditions that a run's standard error names, in order."""
    return re.findall(r"\[([A-Z_][A-Z_0-9]*(?:\.[A-Z_0-9]+)*)\]", text)


def clear_error(run, *needles):
    """None where the run ended by itself with status > 0 and one error that holds every needle."""
    if run.hung or run.status <= 0:
        return f"no clean error: {run.describe()}"
    if "AddressSanitizer" in run.err or "runtime error:" in run.err:
        return f"sanitizer report: {run.describe()}"
    lines = [line for line in run.err.splitlines() if line.startswith("weir: ")]
    if len(lines) != 1:
        return f"{len(lines)} error lines instead of one: {run.describe()}"
    text = run.err[run.err.index("weir: "):]
    for needle in needles:
        if needle not in text:
            return f"the error does not name {needle!r}: {shorten(text.strip(), 800)}"
    return None


# ---- jobs ----

def write_job(path, sources, queries, conf=None, views=None, name="job"):
    """JSON is YAML; non-ASCII stays as it is, because YAML has no surrogate pairs."""
    spec = {"name": name, "sources": sources, "queries": queries}
    if conf:
        spec["conf"] = conf
    if views:
        spec["views"] = views
    pathlib.Path(path).write_text(json.dumps(spec, ensure_ascii=False, indent=1), encoding="utf-8")
    return pathlib.Path(path)


def json_source(schema, path, **options):
    return {"format": "json", "schema": schema, "options": {"path": str(path), **options}}


def console_query(name, sql, mode, checkpoint, **options):
    return {"name": name, "sql": sql, "outputMode": mode, "trigger": {"availableNow": True},
            "sink": {"format": "console", "options": {"numRows": 100000, "truncate": False, **options}},
            "checkpointLocation": str(checkpoint)}


def files_query(name, sql, output, checkpoint):
    return {"name": name, "sql": sql, "outputMode": "append", "trigger": {"availableNow": True},
            "sink": {"format": "json", "options": {"path": str(output)}}, "checkpointLocation": str(checkpoint)}


# ---- the console ----

class Table:
    """One batch as the console sink prints it."""

    def __init__(self, batch, text):
        self.batch, self.text = batch, text
        lines = text.split("\n")
        borders = [i for i, line in enumerate(lines) if line.startswith("+")]
        self.complete = len(borders) == 3 and bool(re.search(r"\+\n(only showing top \d+ rows?)?\n$", text))
        self.head = self.rows = self.tail = None
        if self.complete and borders:
            self.head, self.tail = lines[:borders[1] + 1], lines[borders[2]:]
            self.rows = lines[borders[1] + 1:borders[2]]

    @property
    def cells(self):
        return [[cell.strip() for cell in row.strip("|").split("|")] for row in self.rows]

    def sorted_text(self):
        return "\n".join(self.head + sorted(self.rows) + self.tail) if self.rows else self.text


def split_console(text):
    """Tables in printed order. A text before the first header, or a cut one, is a table without a batch."""
    parts = [p for p in re.split(r"(?=^-{43}\nBatch: )", text, flags=re.M) if p]
    tables = []
    for part in parts:
        header = re.match(r"-{43}\nBatch: (\d+)\n-{43}\n", part)
        tables.append(Table(int(header.group(1)) if header else None, part))
    return tables


def compare_console(runs, reference):
    """Problem of a disturbed history against an undisturbed one (both lists of console texts, one a run): every
    printed batch equals that batch undisturbed, every batch was printed, the order never goes back by more than
    the one batch that a restart repeats. A cut table is allowed at the end of every run but the last."""
    expected = {table.batch: table.sorted_text() for table in split_console(reference)}
    printed, last = set(), -1
    for number, text in enumerate(runs):
        tables = split_console(text)
        for position, table in enumerate(tables):
            at_end = position == len(tables) - 1 and number < len(runs) - 1
            if table.batch is None or not table.complete:
                if at_end:
                    continue
                return f"run {number} printed a torn table: {shorten(table.text)}"
            if table.sorted_text() != expected.get(table.batch):
                return (f"run {number}, batch {table.batch} differs:\n{table.sorted_text()}\nundisturbed:\n"
                        f"{expected.get(table.batch)}")
            if table.batch not in (last, last + 1):
                return f"run {number}: batch {table.batch} printed after batch {last}"
            last = table.batch
            printed.add(table.batch)
    if printed != set(expected):
        return f"batches printed: {sorted(printed)}, undisturbed: {sorted(expected)}"
    return None


# ---- the file sink ----

def log_lines(path):
    text = pathlib.Path(path).read_text(encoding="utf-8")
    lines = text.split("\n")
    if lines[0] != "v1":
        raise ValueError(f"{path}: the first line is {lines[0]!r}")
    return [json.loads(line) for line in lines[1:] if line]


def log_files(directory):
    """{id: path} of a compacting log; a .compact file comes first."""
    found = {}
    for path in sorted(pathlib.Path(directory).glob("*")):
        match = re.fullmatch(r"(\d+)(\.compact)?", path.name)
        if match and (match.group(2) or int(match.group(1)) not in found):
            found[int(match.group(1))] = path
    return found


def committed_files(output):
    """The file entries that a reader of the directory uses, oldest first: as Spark's reader, from the last
    .compact file on."""
    files = log_files(pathlib.Path(output) / "_spark_metadata")
    if not files:
        return []
    compacts = [i for i, path in files.items() if path.name.endswith(".compact")]
    entries = []
    for i in range(max(compacts, default=0), max(files) + 1):
        if i not in files:
            raise ValueError(f"{output}/_spark_metadata/{i} is missing")
        entries += log_lines(files[i])
    return entries


def entry_path(entry):
    from urllib.parse import unquote
    return pathlib.Path(unquote(re.sub(r"^file:/*", "/", entry["path"])))


def read_sink(output):
    """Rows that a reader sees, in the order of the log. Raises where a listed file is not as it was logged."""
    rows = []
    for entry in committed_files(output):
        path = entry_path(entry)
        data = path.read_bytes()
        if len(data) != entry["size"]:
            raise ValueError(f"{path} has {len(data)} bytes, its log entry says {entry['size']}")
        rows += [json.loads(line) for line in data.decode("utf-8").splitlines()]
    return rows


def compare_rows(rows, expected):
    """Rows carry (file, seq): missing, doubled and foreign ones are counted apart."""
    from collections import Counter
    have = Counter((row["file"], row["seq"]) for row in rows)
    want = Counter((row["file"], row["seq"]) for row in expected)
    missing = want - have
    extra = have - want
    doubled = sum(n for key, n in extra.items() if key in want)
    foreign = sum(n for key, n in extra.items() if key not in want)
    if missing or extra:
        return (f"{sum(missing.values())} rows missing, {doubled} doubled, {foreign} foreign; missing begins with "
                f"{sorted(missing)[:5]}, more begin with {sorted(extra)[:5]}")
    key = lambda row: (row["file"], row["seq"])
    if sorted(rows, key=key) != sorted(expected, key=key):
        return "rows have other values"
    return None


# ---- input ----

NUMBERED_SCHEMA = "file INT, seq INT, key STRING, time TIMESTAMP, action STRING"


def numbered_rows(file, rows, keys=40):
    chance = random.Random(file * 7919 + 1)
    for seq in range(rows):
        yield {"file": file, "seq": seq, "key": f"k{chance.randrange(keys):03d}",
               "time": 1469501107 + file * 900 + chance.randrange(3600),
               "action": chance.choice(("Open", "Close", "Ajar"))}


def write_lines(path, rows, stamp):
    """`stamp` orders the files for the source: it reads oldest first. The file appears with it, whole."""
    path = pathlib.Path(path)
    part = path.parent.parent / (path.name + ".part")
    part.write_text("".join(json.dumps(row, separators=(",", ":")) + "\n" for row in rows), encoding="utf-8")
    os.utime(part, (stamp, stamp))
    part.rename(path)


def write_numbered(directory, first, count, rows=60, keys=40):
    directory = pathlib.Path(directory)
    directory.mkdir(parents=True, exist_ok=True)
    for file in range(first, first + count):
        write_lines(directory / f"file-{file:04d}.json", numbered_rows(file, rows, keys), 1600000000 + file * 10)


def link_files(source, target, names=None):
    """The same files (and times) in another directory, without copying."""
    target = pathlib.Path(target)
    target.mkdir(parents=True, exist_ok=True)
    for path in sorted(pathlib.Path(source).iterdir()):
        if names is None or path.name in names:
            os.link(path, target / path.name)


# The first hours of the actions data: what the well-known streaming notebook shows for them.
ACTIONS_FIRST_HOUR = 1469498400  # 2016-07-25 21:00 in Chicago
ACTIONS_FIRST_TIME = 1469501107
ACTIONS_KNOWN = {"Close": (11, 344, 815, 1003, 1011), "Open": (179, 1001, 999, 1000, 993)}
ACTIONS_HOURS = 53
ACTIONS_EACH = 50000


def actions_events():
    """100,000 (time, action): the known counts in the first five hours, the rest spread evenly."""
    events = []
    for action, known in ACTIONS_KNOWN.items():
        left, hours = ACTIONS_EACH - sum(known), ACTIONS_HOURS - len(known)
        counts = list(known) + [left // hours + (i < left % hours) for i in range(hours)]
        for hour, count in enumerate(counts):
            start = max(ACTIONS_FIRST_HOUR + 3600 * hour, ACTIONS_FIRST_TIME)
            room = ACTIONS_FIRST_HOUR + 3600 * (hour + 1) - start
            events += [(start + i * room // count, action) for i in range(count)]
    return sorted(events)


def write_actions(directory, files=50):
    directory = pathlib.Path(directory)
    directory.mkdir(parents=True)
    events = actions_events()
    size = len(events) // files
    for number in range(files):
        part = events[size * number:size * (number + 1)]
        path = directory / f"file-{number}.json"
        path.write_text("".join('{"time":%d,"action":"%s"}\n' % event for event in part))
        os.utime(path, (1600000000 + number,) * 2)


# ---- checksums ----

def make_crc_table():
    table = []
    for byte in range(256):
        crc = byte
        for _ in range(8):
            crc = (crc >> 1) ^ (0x82F63B78 if crc & 1 else 0)
        table.append(crc)
    return table


CRC_TABLE = make_crc_table()


def crc32c(data, crc=0):
    crc ^= 0xFFFFFFFF
    table = CRC_TABLE
    for byte in data:
        crc = table[(crc ^ byte) & 0xFF] ^ (crc >> 8)
    return crc ^ 0xFFFFFFFF


SEAL = b',"weirCrc32c":"'


def check_seal(path):
    """Problem of a log file's own checksum: it covers the file's name (numbered files: with their log's) and its
    content with the digits as zeroes."""
    path = pathlib.Path(path)
    name = f"{path.parent.name}/{path.name}" if path.name[0].isdigit() else path.name
    data = path.read_bytes()
    at = data.find(SEAL)
    if at < 0:
        return f"{path} has no checksum"
    digits = at + len(SEAL)
    expected = data[digits:digits + 8].decode()
    actual = f"{crc32c(name.encode() + data[:digits] + b'00000000' + data[digits + 8:]):08x}"
    return None if actual == expected else f"{path}: checksum {expected}, content {actual}"


# ---- the checkpoint ----

def numbered(directory):
    directory = pathlib.Path(directory)
    names = [p.name for p in directory.iterdir()] if directory.is_dir() else []
    return sorted(int(name) for name in names if name.isdigit())


def contiguous(ids):
    return not ids or ids == list(range(ids[0], ids[-1] + 1))


class Checkpoint:
    """Reads a checkpoint directory and finds what does not fit together."""

    def __init__(self, directory):
        self.directory = pathlib.Path(directory)
        self.problems = []

    def note(self, text):
        self.problems.append(text)

    def read_entry(self, log, batch):
        path = self.directory / log / str(batch)
        problem = check_seal(path)
        if problem:
            self.note(problem)
        lines = path.read_text(encoding="utf-8").split("\n")
        if lines[0] != "v1":
            self.note(f"{path}: the first line is {lines[0]!r}")
        return json.loads(lines[1]), lines[2:]

    def verify(self, retain=100, expect_done=True, swept=True):
        """All problems. `expect_done`: every batch of the offset log is committed. `swept`: no process was killed since
        the driver's last start, which removes what such ones were writing."""
        self.verify_identity()
        offsets, commits = numbered(self.directory / "offsets"), numbered(self.directory / "commits")
        for name, ids in (("offsets", offsets), ("commits", commits)):
            if not contiguous(ids):
                self.note(f"{name} are not contiguous: {ids}")
        if commits and (not offsets or commits[-1] > offsets[-1]):
            self.note(f"commits up to {commits[-1]}, offsets {offsets}")
        if offsets and offsets[-1] - (commits[-1] if commits else -1) > (0 if expect_done else 1):
            self.note(f"offsets up to {offsets[-1]}, commits {commits}")
        self.verify_offsets(offsets)
        self.verify_state(commits, retain)
        if expect_done and swept:
            self.verify_leftovers()
        return self.problems

    def verify_identity(self):
        path = self.directory / "metadata"
        problem = check_seal(path) if path.exists() else f"{path} is missing"
        if problem:
            self.note(problem)
        elif not re.fullmatch(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}", json.loads(path.read_text())["id"]):
            self.note(f"{path} has no query id")
        if not contiguous(numbered(self.directory / "epochs")):
            self.note("epochs are not contiguous")

    def verify_offsets(self, ids):
        before = None
        for batch in ids:
            metadata, lines = self.read_entry("offsets", batch)
            if not {"batchWatermarkMs", "batchTimestampMs", "conf"} <= set(metadata):
                self.note(f"offsets/{batch}: metadata has {sorted(metadata)}")
            ends = [json.loads(line)["logOffset"] if line != "-" else -1 for line in lines]
            if before is not None and (len(ends) != len(before) or any(e < b for e, b in zip(ends, before))):
                self.note(f"offsets/{batch} goes from {before} to {ends}")
            before = ends
        for index, end in enumerate(before or []):
            self.verify_source(index, end)

    def verify_source(self, index, end):
        directory = self.directory / "sources" / str(index)
        files = log_files(directory)
        ids = sorted(files)
        if not contiguous(ids):
            self.note(f"{directory}: entries are not contiguous: {ids}")
        if end > (ids[-1] if ids else -1):
            self.note(f"{directory}: the offset log says {end}, the last entry is {ids[-1:]}")
        compacts = [i for i in ids if files[i].name.endswith(".compact")]
        seen = {}
        for i in ids:
            problem = check_seal(files[i])
            if problem:
                self.note(problem)
            if i < max(compacts, default=0):
                continue
            for entry in log_lines(files[i]):
                if entry["path"] in seen:
                    self.note(f"{files[i]}: {entry['path']} is in batch {seen[entry['path']]} too")
                seen[entry["path"]] = entry["batchId"]
        batches = set(seen.values())
        if ids and batches != set(range(ids[-1] + 1)):
            self.note(f"{directory}: batches with files are {sorted(batches)}, entries go to {ids[-1]}")

    def verify_state(self, commits, retain):
        """Every object that a retained commit names is there as it says. Below what the snapshot in force and
        the retention need, a purge may have been interrupted."""
        if not commits:
            return
        last = self.read_entry("commits", commits[-1])[0].get("weir", {})
        stateful = "changelogs" in last
        snapshot = last.get("snapshot", {}).get("batch", -1)
        needed_from = min(commits[-1] - retain + 1, snapshot + 1)
        seen = {}
        for batch in commits:
            entry = self.read_entry("commits", batch)[0]
            own = entry.get("weir", {})
            if "attempt" not in own or not stateful:
                if "attempt" not in own or "changelogs" in own:
                    self.note(f"commits/{batch}: its own part is {own}")
                continue
            objects = list(own["changelogs"])
            if batch == commits[-1]:
                objects += own.get("snapshot", {}).get("objects", [])
            for item in objects:
                if item["name"] not in seen:
                    seen[item["name"]] = self.verify_object(item)
                if seen[item["name"]] and batch >= needed_from:
                    self.note(f"commits/{batch}: {seen[item['name']]}")
        if stateful and commits[0] > snapshot + 1:
            self.note(f"the snapshot is of batch {snapshot}, commits begin with {commits[0]}")

    def verify_object(self, item):
        path = self.directory / "state" / item["name"]
        if not path.exists():
            return f"{path} is missing"
        data = path.read_bytes()
        if len(data) != item["size"]:
            return f"{path} has {len(data)} bytes, not {item['size']}"
        if crc32c(data) != item["crc"]:
            return f"{path} has another checksum"
        return None

    def find_garbage(self):
        """State objects that no commit names, of batches before the last: the next start removes them."""
        commits = numbered(self.directory / "commits")
        named = set()
        for batch in commits:
            own = self.read_entry("commits", batch)[0].get("weir", {})
            named |= {item["name"] for item in own.get("changelogs", []) + own.get("snapshot", {}).get("objects", [])}
        state = self.directory / "state"
        present = {path.name for path in state.iterdir()} if state.is_dir() else set()
        return sorted(name for name in present - named if int(name.split("-")[0]) < commits[-1])

    def verify_leftovers(self):
        found = [str(p) for p in self.directory.rglob(".weir-*.tmp")]
        if found:
            self.note(f"temporary files are left: {found}")


def verify_checkpoint(directory, retain=100, expect_done=True, swept=True):
    """Problem of a checkpoint, or None."""
    try:
        problems = Checkpoint(directory).verify(retain, expect_done, swept)
    except (OSError, ValueError, KeyError, TypeError) as error:
        return f"{directory} cannot be read: {type(error).__name__}: {error}"
    more = f" (and {len(problems) - 4} more)" if len(problems) > 4 else ""
    return "; ".join(problems[:4]) + more if problems else None
