"""A language server of YAML, spoken to as an editor does (JSON-RPC over standard streams)."""

from __future__ import annotations

import json
import queue
import subprocess
import threading
from pathlib import Path
from typing import Any, Self

PATIENCE = 60.0  # seconds for an answer


class LanguageServer:
    """yaml-language-server on a file, whose first line names its schema."""

    def __init__(self, command: list[str], folder: Path) -> None:
        self._folder = folder
        self._process = subprocess.Popen(
            command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL
        )
        self._messages: queue.Queue[Any] = queue.Queue()
        self._count = 0
        self.diagnostics: dict[str, list[Any]] = {}
        threading.Thread(target=self._listen, daemon=True).start()
        capabilities = {
            "textDocument": {
                "hover": {"contentFormat": ["plaintext"]},
                "completion": {"completionItem": {"documentationFormat": ["plaintext"]}},
                "publishDiagnostics": {},
            },
            "workspace": {"configuration": False},
        }
        self.ask(
            "initialize",
            {"processId": None, "rootUri": folder.as_uri(), "capabilities": capabilities},
        )
        self._tell("initialized", {})
        settings: dict[str, Any] = {"validate": True, "hover": True, "completion": True}
        settings |= {"schemaStore": {"enable": False}}  # nothing is fetched
        self._tell("workspace/didChangeConfiguration", {"settings": {"yaml": settings}})

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._process.kill()
        self._process.wait()

    def open(self, name: str, text: str) -> str:
        """Open a file with this text; its URI."""
        uri = (self._folder / name).as_uri()
        document = {"uri": uri, "languageId": "yaml", "version": 1, "text": text}
        self._tell("textDocument/didOpen", {"textDocument": document})
        return uri

    def hover(self, uri: str, line: int, character: int) -> str:
        """What is shown over a place, both from 0."""
        answer = self.ask("textDocument/hover", _place(uri, line, character))
        return "" if answer is None else str(answer["contents"]["value"])

    def completions(self, uri: str, line: int, character: int) -> dict[str, str]:
        """What is offered at a place, with its documentation."""
        answer = self.ask("textDocument/completion", _place(uri, line, character))
        return {item["label"]: _documentation(item) for item in answer["items"]}

    def mistakes(self, uri: str) -> list[tuple[int, str]]:
        """The line (from 0) and the message of each diagnostic."""
        while uri not in self.diagnostics:
            self._take()
        return [(d["range"]["start"]["line"], d["message"]) for d in self.diagnostics[uri]]

    def ask(self, method: str, parameters: Any) -> Any:
        """The result of a request."""
        self._count += 1
        self._send({"id": self._count, "method": method, "params": parameters})
        while True:
            message = self._take()
            if message.get("id") == self._count and "method" not in message:
                assert "error" not in message, message
                return message["result"]

    def _tell(self, method: str, parameters: Any) -> None:
        self._send({"method": method, "params": parameters})

    def _send(self, message: dict[str, Any]) -> None:
        body = json.dumps({"jsonrpc": "2.0", **message}).encode()
        assert self._process.stdin is not None
        self._process.stdin.write(b"Content-Length: %d\r\n\r\n%s" % (len(body), body))
        self._process.stdin.flush()

    def _take(self) -> Any:
        """The next message; the server's own requests are answered with nothing."""
        message = self._messages.get(timeout=PATIENCE)
        if message.get("method") == "textDocument/publishDiagnostics":
            self.diagnostics[message["params"]["uri"]] = message["params"]["diagnostics"]
        elif "method" in message and "id" in message:
            self._send({"id": message["id"], "result": None})
        return message

    def _listen(self) -> None:
        stream = self._process.stdout
        assert stream is not None
        while header := stream.readline():
            length = int(header.split(b":")[1])
            while stream.readline().strip():
                pass
            self._messages.put(json.loads(stream.read(length)))


def _place(uri: str, line: int, character: int) -> dict[str, Any]:
    return {"textDocument": {"uri": uri}, "position": {"line": line, "character": character}}


def _documentation(item: dict[str, Any]) -> str:
    words = item.get("documentation", "")
    return str(words["value"] if isinstance(words, dict) else words)
