#!/usr/bin/env python3
"""Posts signed signups to `masa dev` and counts the first mails: exactly one each, or it fails.

    cargo build --release -p masa-cli
    python3 tests/bench/signups.py [--count 10000] [--connections 4] [--memory]

Starts its own `masa dev` on a free port with a fresh data folder, talks to loopback only, and ends
by itself. A signup is answered when its mail is in the outbox and its wait is armed, so the rate
is that of whole first steps, not of accepted requests.
"""

import argparse
import base64
import collections
import hashlib
import hmac
import http.client
import json
import pathlib
import subprocess
import sys
import tempfile
import threading
import time

ROOT = pathlib.Path(__file__).resolve().parents[2]


def sign(secret, id, at, body):
    key = base64.b64decode(secret.removeprefix("whsec_"))
    mac = hmac.new(key, f"{id}.{at}.".encode() + body, hashlib.sha256)
    return "v1," + base64.b64encode(mac.digest()).decode()


def post(port, secret, numbers, failures):
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=60)
    for number in numbers:
        body = json.dumps({
            "email": f"reader{number}@example.com",
            "first_name": "Noa",
            "language": "he" if number % 2 else "en",
            "lists": ["newsletter"],
            "consent": {"email": True, "text": "yes"},
        }).encode()
        id, at = f"bench-{number}", str(int(time.time()))
        connection.request("POST", "/hooks/signup", body, {
            "content-type": "application/json",
            "webhook-id": id,
            "webhook-timestamp": at,
            "webhook-signature": sign(secret, id, at, body),
        })
        answer = connection.getresponse()
        text = answer.read()
        if answer.status != 200:
            failures.append((number, answer.status, text))


def main():
    arguments = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    arguments.add_argument("--count", type=int, default=10_000)
    arguments.add_argument("--connections", type=int, default=4)
    arguments.add_argument("--memory", action="store_true", help="without a data folder")
    arguments.add_argument("--masa", default=ROOT / "target/release/masa", type=pathlib.Path)
    options = arguments.parse_args()
    if not options.masa.exists():
        sys.exit(f"{options.masa} is missing: run `cargo build --release -p masa-cli` first")

    with tempfile.TemporaryDirectory() as data:
        command = [options.masa, "dev", "--port", "0"]
        command += [] if options.memory else ["--data", data]
        masa = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
        try:
            port = int(masa.stdout.readline().rsplit(":", 1)[1])
            lines = iter(masa.stdout.readline, "")
            secret = next(line for line in lines if line.startswith("MASA_SECRET_EVENTS="))
            secret = secret.strip().split("=", 1)[1]
            failures, threads = [], []
            begun = time.monotonic()
            for part in range(options.connections):
                numbers = range(part, options.count, options.connections)
                threads.append(threading.Thread(target=post, args=(port, secret, numbers, failures)))
                threads[-1].start()
            for thread in threads:
                thread.join()
            seconds = time.monotonic() - begun
            connection = http.client.HTTPConnection("127.0.0.1", port, timeout=300)
            connection.request("GET", "/dev/outbox.json")
            messages = json.load(connection.getresponse())["messages"]
        finally:
            masa.kill()
            masa.wait()

    first = collections.Counter(m["to"] for m in messages if m["step"] == "hello")
    repeated = {to: n for to, n in first.items() if n != 1}
    print(f"{options.count} signups, {len(first)} people with a first mail, "
          f"{len(repeated)} with more than one, {len(failures)} refused")
    print(f"{options.count / seconds:.0f} signups a second on {options.connections} connections, "
          f"{'in memory' if options.memory else 'kept on disk'}")
    if failures or repeated or len(first) != options.count:
        sys.exit("failed: each signup leads to exactly one first mail")


if __name__ == "__main__":
    main()
