"""Uses the installed wheel: run in an environment that holds nothing else, in an empty directory."""

import json
import subprocess
import sys

command = [sys.executable, "-m", "praison_persist_cli", "backends", "--json"]
done = subprocess.run(command, capture_output=True, text=True)
assert done.returncode == 0, done.stderr
json.loads(done.stdout)
