"""A SLURM of one machine: `sbatch`, `srun`, `sacct`, `scancel`, `scontrol`, `squeue` as scripts on a PATH.

`sbatch` really starts a copy of what it is given, one process for each task of the array, with the variables that SLURM
sets.
What a real cluster adds is not here: a queue, other machines, limits of time and memory, accounting that lags.
"""

import sys
from pathlib import Path

SBATCH = """
import os, re, subprocess, sys
from pathlib import Path

state, script = Path(os.environ["FAKE_SLURM"]), Path(sys.argv[-1])
text = script.read_text()
tasks = re.search(r"#SBATCH --array=(\\d+)-(\\d+)%", text)
number = str(1000 + len(list(state.glob("job-*"))))
(state / f"job-{number}").write_text(text)
first, last = (int(tasks[1]), int(tasks[2])) if tasks else (0, 0)
for task in range(first, last + 1):
    own = {"SLURM_JOB_ID": str(int(number) * 100 + task), "SLURM_ARRAY_JOB_ID": number,
           "SLURM_ARRAY_TASK_ID": str(task), "SLURM_NTASKS": "1", "SLURM_NNODES": "1", "SLURM_NODEID": "0",
           "SLURM_PROCID": "0", "SLURM_LOCALID": "0", "SLURM_JOB_NODELIST": "node1"}
    end = f"{number}_{task}"  # written whole: who reads an empty file takes the task for failed
    ended = f"bash {state}/job-{number}; echo $? > {state}/code-{end}; mv {state}/code-{end} {state}/end-{end}"
    process = subprocess.Popen(["bash", "-c", ended],
                               env=os.environ | own, start_new_session=True, stdin=subprocess.DEVNULL,
                               stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    (state / f"pid-{number}_{task}").write_text(str(process.pid))
print(f"Submitted batch job {number}")
"""
SRUN = """
import os, sys, time
from pathlib import Path

words, files = sys.argv[1:], {}
while words and words[0].startswith("-"):
    name, _, value = words.pop(0).lstrip("-").partition("=")
    if name in ("output", "error"):
        files[name] = value or words.pop(0)
for name, descriptor in (("output", 1), ("error", 2)):
    path = files[name].replace("%A", os.environ["SLURM_ARRAY_JOB_ID"]).replace(
        "%a", os.environ["SLURM_ARRAY_TASK_ID"]).replace("%t", "0").replace("%j", os.environ["SLURM_JOB_ID"])
    while not list(Path(path).parent.glob("*_submitted.pkl")):
        time.sleep(0.01)  # in a real queue submitit has long put a task's pickle into its folder
    os.dup2(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o644), descriptor)
os.execvp(words[0], words)
"""
SACCT = """
import os
from pathlib import Path

state = Path(os.environ["FAKE_SLURM"])
print("JobID|State|NodeList")
for file in sorted(state.glob("pid-*")):
    name = file.name.removeprefix("pid-")
    end = state / f"end-{name}"
    said = "RUNNING" if not end.exists() else "COMPLETED" if end.read_text().strip() == "0" else "FAILED"
    print(f"{name}|{said}|node1")
"""
SCANCEL = """
import os, signal, sys
from pathlib import Path

for word in (word for word in sys.argv[1:] if word[0].isdigit()):
    for file in Path(os.environ["FAKE_SLURM"]).glob(f"pid-{word}*"):
        os.killpg(int(file.read_text()), signal.SIGTERM)
"""
SCONTROL = """
import sys

print("node1" if "hostnames" in sys.argv else "")
"""
SCRIPTS = {
    "sbatch": SBATCH,
    "srun": SRUN,
    "sacct": SACCT,
    "squeue": SACCT,
    "scancel": SCANCEL,
    "scontrol": SCONTROL,
}


class SlurmCluster:
    """The scripts in `folder/bin`; `environment` is what a command needs to find them."""

    def __init__(self, folder: Path, path: str) -> None:
        self.state = folder / "state"
        programs = folder / "bin"
        programs.mkdir(parents=True)
        self.state.mkdir()
        for name, text in SCRIPTS.items():
            (programs / name).write_text(f"#!{sys.executable}\n{text}")
            (programs / name).chmod(0o755)
        self.environment = {"PATH": f"{programs}:{path}", "FAKE_SLURM": str(self.state)}

    @property
    def submitted(self) -> list[str]:
        """The scripts that were submitted."""
        return [file.read_text() for file in sorted(self.state.glob("job-*"))]

    @property
    def ends(self) -> dict[str, int]:
        """The exit code of each task that has ended, by job and task."""
        return {file.name.removeprefix("end-"): int(file.read_text()) for file in self.state.glob("end-*")}
