# Lobby in production: the wheel, its locked dependencies, and an unprivileged user. PostgreSQL and Redis are elsewhere.
FROM python:3.13-slim AS build
WORKDIR /src
COPY pyproject.toml README.md ./
COPY app app
COPY migrations migrations
RUN pip wheel --no-cache-dir --no-deps --wheel-dir /wheels .

FROM python:3.13-slim
ENV PYTHONUNBUFFERED=1 LOBBY_ENV=production LOG_FORMAT=json HOST=0.0.0.0 PORT=8000 \
    MEDIA_DIR=/var/lib/lobby/media
COPY requirements/runtime.txt /tmp/runtime.txt
RUN pip install --no-cache-dir --require-hashes --only-binary :all: -r /tmp/runtime.txt
COPY --from=build /wheels /tmp/wheels
RUN pip install --no-cache-dir --no-deps /tmp/wheels/*.whl && rm -r /tmp/wheels /tmp/runtime.txt \
    && useradd --system --no-create-home lobby \
    && install -d -m 700 -o lobby "$MEDIA_DIR"
USER lobby
# Guests' and staff's files; MEDIA_URL (a bucket) wins over it.
VOLUME /var/lib/lobby/media
EXPOSE 8000
# `lobby migrate` first, once per release; more workers by WORKERS.
HEALTHCHECK --interval=10s --timeout=3s --start-period=15s \
    CMD ["python", "-c", "import os, urllib.request as r; r.urlopen(f'http://127.0.0.1:{os.environ[\"PORT\"]}/health/live/', timeout=2)"]
STOPSIGNAL SIGTERM
CMD ["lobby", "serve"]
