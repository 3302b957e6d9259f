#!/usr/bin/env python3
"""What a run leaves in its checkpoint fits together: batch ids without gaps, commits within offsets, offsets that
only grow, every file read once, every state object there with its size and CRC32C; also after restarts and with
retention. The verifier itself is shown to find what it looks for."""

import shutil
import sys

import crash_jobs
import weirlib

FILES, ROWS = 13, 24
RETENTIONS = (1, 2, 5, 100)


def damage(directory):
    """(what, function) of what the verifier must find; each works on a fresh copy of a stateful checkpoint."""
    commits = weirlib.numbered(directory / "commits")
    objects = sorted(p.name for p in (directory / "state").iterdir())
    last_log = max(weirlib.log_files(directory / "sources/0").items())[1].name

    def flip(path, at):
        data = bytearray(path.read_bytes())
        data[at] ^= 4
        path.write_bytes(data)

    return [
        ("a gap in commits", lambda d: (d / "commits" / str(commits[-2])).unlink()),
        ("a missing commit", lambda d: (d / "commits" / str(commits[-1])).unlink()),
        ("missing offsets", lambda d: (d / "offsets" / str(commits[-1])).unlink()),
        ("a changed commit", lambda d: flip(d / "commits" / str(commits[-1]), 20)),
        ("a changed offset", lambda d: flip(d / "offsets" / str(commits[-1]), -2)),
        ("a changed source log", lambda d: flip(d / "sources/0" / last_log, 12)),
        ("a missing source log", lambda d: (d / "sources/0" / last_log).unlink()),
        ("a missing state object", lambda d: [(d / "state" / name).unlink() for name in objects]),
        ("a cut state object", lambda d: [(d / "state" / name).write_bytes(b"x") for name in objects]),
        ("a changed state object", lambda d: [flip(d / "state" / name, -3) for name in objects]),
        ("missing metadata", lambda d: (d / "metadata").unlink()),
        ("a temporary file", lambda d: (d / "offsets/.weir-1-2-3.tmp").write_bytes(b"")),
    ]


def main():
    suite = weirlib.Suite()
    suite.expect_equal("crc32c", weirlib.crc32c(b"123456789"), 0xE3069283)
    source = suite.make_directory("input")
    weirlib.write_numbered(source, 0, FILES, ROWS)
    names = sorted(path.name for path in source.iterdir())
    for kind in crash_jobs.KINDS:
        for retain in RETENTIONS:
            name = f"{kind}, {retain} batches retained"
            job = crash_jobs.CrashJob(kind, suite.make_directory(name),
                                      {"spark.sql.streaming.minBatchesToRetain": retain})
            for step in (5, 9, FILES, FILES):  # the last run has nothing to do
                weirlib.link_files(source, job.input, [n for n in names[:step] if not (job.input / n).exists()])
                run = job.run()
                suite.check(f"{name}, {step} files", run.problem() or
                            weirlib.verify_checkpoint(job.checkpoint, retain))
            offsets = weirlib.numbered(job.checkpoint / "offsets")
            kept = len(weirlib.numbered(job.checkpoint / "commits"))
            suite.expect_equal(f"{name}: the last batch", offsets[-1:], [FILES - 1])
            limit = retain + (4 if kind != "files" else 0)  # changelogs since the snapshot in force stay
            suite.check(f"{name}: old entries go",
                        None if min(retain, FILES) <= kept <= max(limit, 2) else f"{kept} commits are kept")
    golden = suite.directory / "complete_100_batches_retained/checkpoint"
    for what, change in damage(golden):
        copy = suite.directory / "damaged"
        shutil.copytree(golden, copy)
        change(copy)
        suite.check(f"the verifier finds {what}", None if weirlib.verify_checkpoint(copy) else "it did not")
        shutil.rmtree(copy)
    return suite.finish()


if __name__ == "__main__":
    sys.exit(main())
