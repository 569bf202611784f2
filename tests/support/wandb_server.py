"""A W&B server on loopback in a thread: the calls that wandb 0.31 makes, and a record of all that it received.

An upsert of a known id goes on with the same run. What the real server does to an earlier history then is reported
differently over the years, so `history` chooses: it is cut where new lines come, overwritten line by line with the
rest left, or (the upsert says how long it is) appended to.
"""

import asyncio
import json
import re
import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, Literal

from aiohttp import web
from aiohttp.typedefs import Handler

KEY = "0123456789" * 4
ENTITY = "team"
OF_PROJECT = {"isBenchmark": False, "user": None}
Json = dict[str, Any]
History = Literal["cut", "overwritten", "appended to"]


@dataclass
class ServedRun:
    """A run as the server has it: lines of its files by name, uploaded files by path, and what it was upserted with."""

    project: str
    id: str
    about: Json = field(default_factory=dict[str, Any])
    lines: dict[str, list[str]] = field(default_factory=dict[str, list[str]])
    files: dict[str, bytes] = field(default_factory=dict[str, bytes])
    exit_code: int | None = None

    @property
    def config(self) -> Json:
        """The configuration without wandb's own part."""
        config = json.loads(self.about.get("config") or "{}")
        return {name: entry["value"] for name, entry in config.items() if name != "_wandb"}

    @property
    def job(self) -> str:
        """`cell` or `summary`."""
        return self.about.get("jobType") or ""

    @property
    def complete(self) -> bool:
        """Whether its process said that the run is at its end."""
        return self.exit_code is not None

    def table(self, name: str) -> list[Json]:
        """The lines of a table that was uploaded and stands in the summary."""
        table = json.loads(self.files[self.summary[name]["path"]])
        return [dict(zip(table["columns"], line, strict=True)) for line in table["data"]]

    @property
    def rows(self) -> list[Json]:
        """The history, without wandb's own columns."""
        rows = [json.loads(line) for line in self.lines.get("wandb-history.jsonl", [])]
        rows = [{k: v for k, v in row.items() if not k.startswith("_")} for row in rows]
        return [row for row in rows if "episodes" in row]

    @property
    def summary(self) -> Json:
        """The summary, as it was last sent."""
        sent = self.lines.get("wandb-summary.json", [])
        return json.loads(sent[-1]) if sent else {}


class WandbServer:
    """The server. `requests` holds every body that was received, `operations` the GraphQL calls by name."""

    def __init__(self, history: History = "cut") -> None:
        self.history = history
        self.runs: dict[str, ServedRun] = {}
        self.views: dict[str, Json] = {}
        self.reports: dict[str, Json] = {}
        self.artifacts: dict[str, Json] = {}
        self.requests: list[tuple[str, bytes]] = []
        self.operations: list[tuple[str, Json]] = []
        self.before_stream: Callable[[int], None] = lambda number: None
        self.refuse_with: int | None = None
        self._streams = 0
        self._loop = asyncio.new_event_loop()
        self._port = 0
        self._ready = threading.Event()
        self._thread = threading.Thread(target=self._serve, daemon=True)
        self._thread.start()
        assert self._ready.wait(10)

    @property
    def url(self) -> str:
        """What goes into WANDB_BASE_URL."""
        return f"http://127.0.0.1:{self._port}"

    @property
    def received(self) -> bytes:
        """Every address and body that was received, uploads decompressed."""
        return b"\n".join(path.encode() + b" " + body for path, body in self.requests)

    def by_job(self, job: str) -> list[ServedRun]:
        """The runs of one job type."""
        return [run for run in self.runs.values() if run.job == job]

    def called(self, name: str) -> list[Json]:
        """The variables of each call of a GraphQL operation."""
        return [variables for operation, variables in self.operations if operation == name]

    def die(self) -> None:
        """Refuse every connection from now on."""
        asyncio.run_coroutine_threadsafe(self._runner.cleanup(), self._loop).result(10)

    def live(self) -> None:
        """Answer again at the same address."""
        asyncio.run_coroutine_threadsafe(self._start(), self._loop).result(10)

    def close(self) -> None:
        """Stop serving."""
        self.die()
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(10)

    def _serve(self) -> None:
        asyncio.set_event_loop(self._loop)
        self._loop.run_until_complete(self._start())
        self._ready.set()
        self._loop.run_forever()

    async def _start(self) -> None:
        app = web.Application(client_max_size=2**30, middlewares=[self._refuse])
        app.router.add_post("/graphql", self._graphql)
        app.router.add_post("/files/{entity}/{project}/{run}/file_stream", self._stream)
        app.router.add_put("/upload/{kind}/{owner}/{name:.*}", self._upload)
        app.router.add_route("*", "/{rest:.*}", self._other)
        self._runner = web.AppRunner(app, shutdown_timeout=0.2)
        await self._runner.setup()
        site = web.TCPSite(self._runner, "127.0.0.1", self._port)
        await site.start()
        assert site._server is not None  # the port that 0 became is not public
        self._port = site._server.sockets[0].getsockname()[1]

    @web.middleware
    async def _refuse(self, request: web.Request, handler: Handler) -> web.StreamResponse:
        """Answer everything with a status where a test says so, 0 for never."""
        if self.refuse_with == 0:
            await asyncio.sleep(60)
        return web.Response(status=self.refuse_with) if self.refuse_with else await handler(request)

    async def _body(self, request: web.Request) -> bytes:
        body = await request.read()  # aiohttp has undone the compression
        self.requests.append((str(request.rel_url), body))
        return body

    async def _other(self, request: web.Request) -> web.Response:
        await self._body(request)
        return web.json_response({})

    async def _graphql(self, request: web.Request) -> web.Response:
        call = json.loads(await self._body(request))
        named = re.search(r"(?:query|mutation)\s+(\w+)", call["query"])
        name = call.get("operationName") or (named.group(1) if named else "")
        variables = call.get("variables") or {}
        self.operations.append((name, variables))
        answer = getattr(self, f"_on_{name}", None)
        return web.json_response({"data": answer(variables) if answer else {}})

    async def _stream(self, request: web.Request) -> web.Response:
        piece = json.loads(await self._body(request))
        self._streams += 1
        self.before_stream(self._streams)
        run = self.runs[request.match_info["run"]]
        for name, part in (piece.get("files") or {}).items():
            lines = run.lines.setdefault(name, [])
            end = part["offset"] + len(part["content"]) if self.history == "overwritten" else None
            lines[part["offset"] : end] = part["content"]
        if piece.get("complete"):
            run.exit_code = piece.get("exitcode")
        return web.json_response({})

    async def _upload(self, request: web.Request) -> web.Response:
        body, place = await self._body(request), request.match_info
        if place["kind"] == "run":
            self.runs[place["owner"]].files[place["name"]] = body
        else:
            self.artifacts[place["owner"]].setdefault("files", {})[place["name"]] = body
        return web.Response()

    def _on_Viewer(self, variables: Json) -> Json:
        return {
            "viewer": {"id": "v", "entity": ENTITY, "username": "me", "flags": "{}", "teams": {"edges": []}}
        }

    def _on_ServerFeaturesQuery(self, variables: Json) -> Json:
        return {"serverInfo": {"features": []}}

    def _on_UpsertBucket(self, variables: Json) -> Json:
        run_id, project = variables.get("name") or variables["id"], variables.get("project")
        new, appends = run_id not in self.runs, self.history == "appended to"
        run = self.runs.setdefault(run_id, ServedRun(project or "", run_id))
        run.about |= {name: value for name, value in variables.items() if value is not None}
        bucket = {
            "id": run_id,
            "name": run_id,
            "displayName": run.about.get("displayName"),
            "description": "",
            "config": "{}",
            "sweepName": None,
            "historyLineCount": len(run.lines.get("wandb-history.jsonl", [])) if appends else None,
            "project": {
                "id": "p",
                "name": run.project,
                "entity": {"id": "e", "name": variables.get("entity") or ENTITY},
            },
        }
        return {"upsertBucket": {"bucket": bucket, "inserted": new}}

    def _on_CreateRunFiles(self, variables: Json) -> Json:
        run = variables.get("runName") or variables.get("run")
        files = [
            {"name": name, "uploadUrl": f"{self.url}/upload/run/{run}/{name}"} for name in variables["files"]
        ]
        return {"createRunFiles": {"runID": run, "uploadHeaders": [], "files": files}}

    def _on_ArtifactType(self, variables: Json) -> Json:
        return {"project": None}

    def _on_CreateArtifact(self, variables: Json) -> Json:
        made = variables["input"]
        artifact_id = str(len(self.artifacts))
        for known, artifact in self.artifacts.items():  # equal contents of a name are one version
            if (artifact["name"], artifact["digest"]) == (made["artifactCollectionName"], made["digest"]):
                artifact_id = known
        name = made["artifactCollectionName"]
        new = {**made, "name": name, "state": "PENDING", "files": {}, "used_by": []}
        state = self.artifacts.setdefault(artifact_id, new)["state"]
        sequence = {"latestArtifact": None}
        artifact = {"id": artifact_id, "state": state, "artifactSequence": sequence}
        return {"createArtifact": {"__typename": "CreateArtifactPayload", "artifact": artifact}}

    def _on_CreateArtifactManifest(self, variables: Json) -> Json:
        owner = variables["artifactID"]
        file = {"id": "f", "uploadUrl": f"{self.url}/upload/artifact/{owner}/manifest", "uploadHeaders": []}
        return {"createArtifactManifest": {"artifactManifest": {"id": owner, "file": file}}}

    def _on_UpdateArtifactManifest(self, variables: Json) -> Json:
        owner = variables["artifactManifestID"]
        file = {"id": "f", "uploadUrl": f"{self.url}/upload/artifact/{owner}/manifest", "uploadHeaders": []}
        return {"updateArtifactManifest": {"artifactManifest": {"id": owner, "file": file}}}

    def _on_CreateArtifactFiles(self, variables: Json) -> Json:
        edges = [
            {
                "node": {
                    "storagePath": None,
                    "uploadUrl": f"{self.url}/upload/artifact/{file['artifactID']}/{file['name']}",
                    "uploadHeaders": [],
                    "uploadMultipartUrls": None,
                    "artifact": {"id": file["artifactID"]},
                }
            }
            for file in variables["input"]["artifactFiles"]
        ]
        return {"createArtifactFiles": {"files": {"edges": edges}}}

    def _on_CommitArtifact(self, variables: Json) -> Json:
        artifact = self.artifacts[variables["artifactID"]]
        artifact["state"] = "COMMITTED"
        return {"commitArtifact": {"artifact": {"id": variables["artifactID"], "digest": artifact["digest"]}}}

    def _on_UseArtifact(self, variables: Json) -> Json:
        used = variables.get("input", variables)
        self.artifacts[used["artifactID"]]["used_by"].append(used["runName"])
        return {"useArtifact": {"artifact": {"id": used["artifactID"], "digest": ""}}}

    def _on_ProjectInternalId(self, variables: Json) -> Json:
        return {"project": {"id": "p", "internalId": "p"}}

    def _on_GetProjects(self, variables: Json) -> Json:
        names = {run.project for run in self.runs.values()}
        projects = [{"id": name, "name": name, "entityName": ENTITY} for name in sorted(names)]
        edges = [
            {"cursor": "c", "node": {**each, "createdAt": "2026-01-01T00:00:00", **OF_PROJECT}}
            for each in projects
        ]
        return {"models": {"edges": edges, "pageInfo": {"hasNextPage": False, "endCursor": None}}}

    def _on_upsertView(self, variables: Json) -> Json:
        return self._saved(self.reports, "report", variables)

    def _on_UpsertView2(self, variables: Json) -> Json:
        return self._saved(self.views, "view", variables)

    def _saved(self, kept: dict[str, Json], kind: str, variables: Json) -> Json:
        view_id = variables.get("id") or f"{kind}{len(kept)}"
        if variables.get("id") and view_id not in kept:
            return {"upsertView": None}
        kept[view_id] = variables
        project = {"id": "p", "name": variables["projectName"], "entityName": variables["entityName"]}
        return {"upsertView": {"view": {**variables, "id": view_id, "project": project}, "inserted": True}}
