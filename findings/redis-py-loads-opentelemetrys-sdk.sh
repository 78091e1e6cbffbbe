#!/usr/bin/env bash
# redis-py 8.1.0 (PyPI) loads OpenTelemetry's metrics SDK (1.44.0) with `import redis` wherever opentelemetry-sdk is
# installed, though its own observability is off until a program initialises it: some 60 modules in every process that
# speaks to Redis. Whoever installs the SDK for traces alone, or has it by another package, pays for that at each start.
# Asked is what was loaded, not how long it took, which is the machine's.
set -euo pipefail
folder=$(mktemp -d); trap 'rm -rf "$folder"' EXIT
cd "$folder"
python3 -m venv env
loaded() {
    env/bin/python - <<'P'
import sys
import redis
names = [name for name in sys.modules if name.split(".")[0] in ("opentelemetry", "psutil")]
print(len([name for name in names if name.startswith("opentelemetry.sdk.metrics")]), len(names))
P
}
env/bin/pip install --quiet --disable-pip-version-check redis==8.1.0
read -r without _ < <(loaded)
env/bin/pip install --quiet --disable-pip-version-check opentelemetry-sdk==1.44.0
read -r with all < <(loaded)
enabled=$(env/bin/python -c '
from redis.observability.providers import get_observability_instance
print(get_observability_instance().is_enabled())')
echo "modules of OpenTelemetry's metrics SDK after import redis: $without without opentelemetry-sdk, $with with it ($all of it in all); observability enabled: $enabled"
[ "$without" = 0 ] && [ "$with" -ge 20 ] && [ "$enabled" = False ] || { echo "It is otherwise now."; exit 1; }
