"""Everything that touches the `wandb` package: its mode, its settings, its runs, its end.

Only the tracker's thread calls it. The exception is `kill_core`, since a thread that hangs cannot call it. Private
parts of wandb 0.31 are used only here: x_* settings, `wbauth`, the service process.
"""

import contextlib
import importlib
import os
import shutil
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any, Literal

from hanlon.analysis.inert import csv_text, inert_tree
from hanlon.store.redaction import Redaction
from hanlon.tracking.lineage import Content
from hanlon.tracking.state import Marker, Options, synced_mark
from hanlon.tracking.tables import Table


class TrackingOff(Exception):
    """W&B cannot be used, or the user has switched it off by its own means; the message says why."""


LEAN: dict[str, Any] = {
    "console": "off",
    "silent": True,
    "symlink": False,
    # argv, interpreter, hardware, packages and git are no business of a shared project
    "x_disable_meta": True,
    "x_disable_stats": True,
    "x_disable_machine_info": True,
    "x_save_requirements": False,
    "disable_git": True,
    "disable_code": True,
    "host": "",
    "program": "run.py",
    # 15 s by default: a kill -9 would lose that much
    "x_transaction_log_flush_interval": 1,
    # an offline table is a file in its run's folder, which can be moved; an artifact is an absolute path
    "allow_offline_artifacts": False,
}


class WandbSession:
    """W&B for one sweep: the first `open_run` decides whether it is online, and says so in one line."""

    def __init__(
        self, options: Options, runs_dir: Path, redaction: Redaction, say: Callable[[str], None]
    ) -> None:
        self.mode: Literal["online", "offline"] | None = None
        self.redaction = redaction
        self._options = options
        self._say = say
        # relative where possible: wandb writes this path into its logs, and a moved checkout stays whole
        here, absolute = Path.cwd(), runs_dir.absolute()
        self._dir = absolute.relative_to(here) if absolute.is_relative_to(here) else runs_dir
        self._saved_environ: dict[str, str | None] = {}
        self._staging: Path | None = None
        self._wandb: Any = None
        self._runs: list[Any] = []
        self._has_no_artifacts = False

    def open_run(self, run_id: str, **about: Any) -> Any:
        """Open a run; `about` are arguments of `wandb.init`. What a model wrote in them does nothing anywhere."""
        self._import()
        about = inert_tree(about)
        run = self._decide_mode(run_id, about) if self.mode is None else None
        run = run or self._init(run_id, about)
        self._runs.append(run)
        return run

    def log_table(self, run: Any, name: str, content: Table) -> None:
        """Log a table once. Its texts do nothing in a browser, nor in a spreadsheet that it is exported to."""
        lines = [
            [csv_text(value) if isinstance(value, str) else value for value in line] for line in content.lines
        ]
        table = self._wandb.Table(columns=list(content.columns), data=lines, log_mode="IMMUTABLE")
        if self.mode == "offline":
            # bound by hand, `log` makes no artifact of it, whose record would hold an absolute path
            table.bind_to_run(run, name, 0)
        run.log({name: table})

    def log_page(self, run: Any, name: str, page: str) -> None:
        """Log a page of HTML as it is: W&B would add a style sheet from its own server."""
        run.log({name: self._wandb.Html(page, inject=False, data_is_not_path=True)})

    def summarise(self, run: Any, values: dict[str, Any]) -> None:
        """Set a run's final values."""
        run.summary.update(inert_tree(values))

    def log_artifact(self, run: Any, content: Content, *, used: bool = False) -> None:
        """Log an artifact as what a run made, or `used`: as what it was made of. Equal contents are one version.

        Offline there are none: their records hold absolute paths, and W&B cannot tell what was used.
        """
        if self.mode != "online" or self._has_no_artifacts:
            return
        try:
            artifact = self._wandb.Artifact(content.name, content.kind, metadata=inert_tree(content.about))
            for name, text in content.files.items():
                with artifact.new_file(name, encoding="utf-8") as file:
                    file.write(text)
            # `use_artifact` would wait for the server, once for each cell
            run._log_artifact(artifact, is_user_created=used, use_after_commit=used)
        except Exception as error:  # what was made of what shall not cost what was made
            self._has_no_artifacts = True
            self._say(f"W&B: no artifacts ({one_line(error, self.redaction)})")

    def finish_run(self, run: Any, complete: bool) -> None:
        """End a run and drop its debug logs, which repeat its configuration and name local paths.

        Earlier offline folders of the run are marked as sent: this one holds all that they hold and more, and
        `wandb sync` would put them before it, or in its place.
        """
        logs = run.settings.log_dir
        run.finish(exit_code=0 if complete else 1)
        self._runs.remove(run)
        shutil.rmtree(logs, ignore_errors=True)
        for file in (self._dir / "wandb").glob(f"offline-run-*/run-{run.id}.wandb"):
            if file.parent.name != self.folder_of(run):
                synced_mark(file.parent, run.id).touch()

    def marker(self, run: Any, rows: int, fingerprint: str) -> Marker:
        """What is noted of a finished run."""
        project = f"{run.entity}/{run.project}" if run.entity else str(run.project)
        return Marker(run.id, self.folder_of(run), self.mode or "", rows, fingerprint, project)

    def folder_of(self, run: Any) -> str:
        """The name of the run's folder under `runs/wandb`."""
        return Path(run.dir).parent.name

    def close(self) -> None:
        """End wandb's service process, unless someone else in this process uses it."""
        if self._wandb is None:
            return
        if _singleton_attribute("most_recent_active_run") is None:
            self._wandb.teardown()
        self._clean_up()

    def abandon(self) -> None:
        """End wandb's service process whatever state it is in, silently and without waiting."""
        if self._wandb is None:
            return
        for run in self._runs:  # a thread of wandb's that asks a dead service would end with a traceback
            with contextlib.suppress(Exception):
                run._run_status_checker.stop()
        self._runs.clear()
        kill_core()
        for _ in range(2):  # measured: the first teardown of a dead core raises, the second works
            with contextlib.suppress(Exception, SystemExit):
                self._wandb.teardown()
        self._clean_up()

    def _import(self) -> None:
        if self._wandb is not None:
            return
        wandb_dir = self._dir / "wandb"
        wandb_dir.mkdir(parents=True, exist_ok=True)
        # the manifest of a table names the file that it is uploaded from, so that must say nothing of this machine
        self._staging = Path(
            tempfile.mkdtemp(prefix="hanlon-wandb-", dir="/tmp" if Path("/tmp").is_dir() else None)
        )
        variables = {
            "WANDB_DATA_DIR": str(self._staging),
            "WANDB_CACHE_DIR": str(wandb_dir / "cache"),
            "WANDB_ERROR_REPORTING": "false",
        }
        self._saved_environ = {name: os.environ.get(name) for name in variables}
        os.environ.update(variables)
        self._wandb = importlib.import_module("wandb")
        self._wandb.setup(self._wandb.Settings(reinit="create_new", **LEAN))

    def _init(self, run_id: str, about: dict[str, Any], **settings: Any) -> Any:
        options = self._options
        timeouts = {"finish_timeout": options.finish_timeout_s, "finish_timeout_raises": True}
        return self._wandb.init(
            id=run_id,
            mode=self.mode,
            project=options.project,
            entity=options.entity,
            dir=str(self._dir),
            resume=None,
            reinit="create_new",
            settings=self._wandb.Settings(**{**LEAN, **timeouts, **settings}),
            **about,
        )

    def _decide_mode(self, run_id: str, about: dict[str, Any]) -> Any:
        """Set `mode`. Returns the run by which going online was tried, if it was."""
        if self._options.mode == "offline":
            return self._go_offline("tracker.mode=offline")
        mode = _singleton_attribute("settings").mode if self._options.mode == "auto" else "online"
        by = f"WANDB_MODE={mode}" if os.environ.get("WANDB_MODE") else f"`wandb {mode}` was typed here"
        if mode == "disabled":
            raise TrackingOff(f"off, since {by}")
        if mode in ("offline", "dryrun"):
            return self._go_offline(by)
        if problem := self._missing_key():
            return self._go_offline(problem)
        folders = set((self._dir / "wandb").glob("run-*"))
        self.mode = "online"
        try:
            run = self._init(run_id, about, init_timeout=self._options.init_timeout_s)
        except Exception as error:  # wandb raises many kinds; all mean offline
            self.abandon()  # the failed id would stay in use
            for empty in set((self._dir / "wandb").glob(f"run-*-{run_id}")) - folders:
                shutil.rmtree(empty, ignore_errors=True)
            self._import()
            return self._go_offline(f"no run could be opened online: {one_line(error, self.redaction)}")
        self._say(f"W&B: online, {run.url or self._options.project}")
        return run

    def _missing_key(self) -> str | None:
        wbauth: Any = importlib.import_module("wandb.sdk.lib.wbauth")
        host = _singleton_attribute("settings").base_url
        try:
            key = wbauth.authenticate_session(host=host, source="hanlon", prompt=False, update_session=False)
        except Exception as error:  # a key of the wrong form
            return f"the key cannot be used: {one_line(error, self.redaction)}"
        return None if key else "no API key found"

    def _go_offline(self, why: str) -> None:
        self.mode = "offline"
        runs = self._dir / "wandb" / "offline-run-*"
        later = f"wandb login && hanlon sync {self._dir}, or wandb sync {runs}"
        self._say(
            f"W&B: offline ({why}), so without artifacts, saved view and W&B Report. To upload later: {later}"
        )

    def _clean_up(self) -> None:
        """Drop the service's logs (they name temporary folders) and give the environment back."""
        shutil.rmtree(self._dir / "wandb" / "cache", ignore_errors=True)
        if self._staging is not None:
            shutil.rmtree(self._staging, ignore_errors=True)
        for name, value in self._saved_environ.items():
            os.environ.pop(name, None)
            if value is not None:
                os.environ[name] = value
        self._wandb = None


def one_line(error: BaseException, redaction: Redaction, longest: int = 200) -> str:
    """An error's type and first words, without keys and local paths."""
    text = " ".join(redaction.text(str(error)).split())
    return f"{type(error).__name__}: {text[:longest]}" if text else type(error).__name__


def kill_core() -> None:
    """Kill wandb's service process, if this process owns it, and the hook that would wait for it at exit.

    It does not take wandb's own lock: wandb 0.31 holds it for ever if its service cannot be started.
    """
    setup: Any = sys.modules.get("wandb.sdk.wandb_setup")
    with contextlib.suppress(Exception):
        connection = setup._singleton._connection
        if connection is not None and connection.owns_service:
            connection._cleanup()
            connection._proc._process.kill()


def _singleton_attribute(name: str) -> Any:
    setup: Any = importlib.import_module("wandb.sdk.wandb_setup")
    return getattr(setup.singleton(), name)


def agent_run() -> str | None:
    """The id of the run that an agent has made for this command; None where no agent has started it."""
    return os.environ.get("WANDB_RUN_ID") if os.environ.get("WANDB_SWEEP_ID") else None
