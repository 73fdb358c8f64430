"""A server on this machine that answers the library just enough to take a run, and remembers what it was sent."""

import gzip
import json
import re
import threading
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

USER = {"id": "u", "username": "user", "email": "", "flags": "{}", "entity": "team", "teams": {"edges": []}}
PROJECT = {"id": "p", "name": "demo", "entity": {"name": "team"}}


class Service(ThreadingHTTPServer):
    """What it was sent: operations with their variables, and the streamed files."""

    daemon_threads = True

    def __init__(self):
        super().__init__(("127.0.0.1", 0), Handler)
        self.paths, self.bodies, self.calls, self.runs = set(), [], [], {}

    @property
    def url(self):
        return f"http://127.0.0.1:{self.server_address[1]}"

    def history(self):
        """The rows of metrics that were streamed, in order."""
        streams = [json.loads(body)["files"] for body in self.bodies if body.startswith(b'{"files":')]
        lines = [line for files in streams for line in files.get("wandb-history.jsonl", {}).get("content", ())]
        return [json.loads(line) for line in lines]

    def answer(self, query, variables):
        name = re.search(r"(?:query|mutation)\s+(\w+)", query)
        self.calls.append((name[1] if name else "", variables))
        if "upsertBucket" in query:
            known = variables["name"] in self.runs
            run = self.runs.setdefault(variables["name"], {})
            run.update({key: value for key, value in variables.items() if value is not None})
            bucket = {"id": "b", "name": variables["name"], "displayName": run.get("displayName"), "project": PROJECT,
                      "config": "{}", "historyLineCount": 0}  # fmt: skip
            return {"upsertBucket": {"bucket": bucket, "inserted": not known}}
        if "createRunFiles" in query:
            files = [{"name": file, "uploadUrl": f"{self.url}/upload"} for file in variables["files"]]
            return {"createRunFiles": {"runID": "b", "uploadHeaders": [], "files": files}}
        if "RunResumeStatus" in query:
            return {"model": {"id": "p", "name": "demo", "entity": PROJECT["entity"], "bucket": None}}
        if "viewer" in query:
            return {"viewer": USER}
        return {}


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_POST(self):
        body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        body = gzip.decompress(body) if self.headers.get("Content-Encoding") == "gzip" else body
        self.server.paths.add(self.path)
        self.server.bodies.append(body)
        found = {}
        if self.path.endswith("/graphql"):
            asked = json.loads(body)
            found = {"data": self.server.answer(asked["query"], asked.get("variables") or {})}
        text = json.dumps(found).encode()
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(text)))
        self.end_headers()
        self.wfile.write(text)

    do_PUT = do_GET = do_POST  # noqa: N815 - the base class's names

    def log_message(self, *_):
        """Nothing on the terminal."""


@contextmanager
def serving():
    service = Service()
    thread = threading.Thread(target=service.serve_forever)
    thread.start()
    try:
        yield service
    finally:
        service.shutdown()
        service.server_close()
        thread.join()
