# One image for every role; docker-compose.yml says which command makes it which.
# By tag; deploy/pin-images says it by digest.
ARG PYTHON_IMAGE=python:3.11-slim

FROM ${PYTHON_IMAGE} AS packages
ENV PIP_NO_CACHE_DIR=1 PIP_DISABLE_PIP_VERSION_CHECK=1
RUN python -m venv /opt/venv
COPY requirements.txt ./
RUN /opt/venv/bin/python -m pip install --require-hashes --requirement requirements.txt

FROM ${PYTHON_IMAGE}
RUN groupadd --system --gid 10001 tracker \
    && useradd --system --uid 10001 --gid tracker --no-create-home --home-dir /nonexistent --shell /usr/sbin/nologin tracker \
    && install --directory --owner=10001 --group=10001 --mode=0700 /var/lib/access-log-tracker
ENV PATH=/opt/venv/bin:$PATH PYTHONUNBUFFERED=1 PYTHONDONTWRITEBYTECODE=1
COPY --from=packages /opt/venv /opt/venv
WORKDIR /app
COPY wsgi.py worker.py scheduler.py ./
COPY sql ./sql
COPY tracker ./tracker
# The image is run with a read-only root, so the bytecode is written here or at every start anew.
RUN python -m compileall -q tracker wsgi.py worker.py scheduler.py

# A volume that is mounted here for the first time gets this owner.
RUN mkdir --mode 0750 /var/lib/tracker-facts && chown 10001:10001 /var/lib/tracker-facts

# By number, so that an orchestrator can see without reading /etc/passwd that it is not root.
USER 10001:10001
EXPOSE 8000
HEALTHCHECK --interval=10s --timeout=4s --start-period=20s --retries=3 \
    CMD ["python", "-c", "import urllib.request; urllib.request.urlopen('http://127.0.0.1:8000/health/live', timeout=3)"]
CMD ["python", "-m", "tracker", "serve", "--host", "0.0.0.0", "--port", "8000"]
