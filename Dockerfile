# One image for every process of Roomwire: docker build -t roomwire .
# `--target nginx` is the proxy with Roomwire's static files in it. deploy/compose.yaml builds and runs both.

FROM python:3.13-slim AS builder
WORKDIR /app
RUN python -m venv /venv
# Before the code, so that a change of code alone installs nothing again.
COPY requirements/prod.txt requirements/
# The lock names every package and the digest of every file: pip looks for nothing else, and compiles nothing.
RUN /venv/bin/pip install --no-cache-dir --disable-pip-version-check \
    --require-hashes --no-deps --only-binary :all: -r requirements/prod.txt
# Second factors, passkeys and social login (docs/accounts.md): --build-arg ROOMWIRE_ALLAUTH=on
ARG ROOMWIRE_ALLAUTH=off
COPY requirements/accounts.txt requirements/
RUN [ "$ROOMWIRE_ALLAUTH" != on ] || /venv/bin/pip install --no-cache-dir --disable-pip-version-check \
    --require-hashes --no-deps --only-binary :all: -r requirements/accounts.txt
COPY . .
# Production settings refuse to load without these two; the values here are gone when the line ends.
RUN SECRET_KEY="$(python -c 'import secrets; print(secrets.token_hex(32))')" ALLOWED_HOSTS=localhost \
    DJANGO_SETTINGS_MODULE=config.settings.prod /venv/bin/python manage.py collectstatic --noinput


# Baked in, not shared by a volume: a volume is filled once, and would serve the old files after an upgrade.
FROM nginx:stable-alpine AS nginx
COPY --from=builder /app/var/static /srv/roomwire/static


FROM python:3.13-slim AS roomwire
# Numbers, so that Kubernetes can see that this is not root, and files on volumes keep their owner.
RUN groupadd --gid 10001 roomwire \
 && useradd --uid 10001 --gid 10001 --no-create-home --shell /usr/sbin/nologin roomwire
WORKDIR /app
# Both stay root's: the process can't change the code it runs, and needs no writable disk at all.
COPY --from=builder /venv /venv
COPY --from=builder /app /app
# manage.py means development where nothing else is said; an image never does.
ENV PATH=/venv/bin:$PATH \
    PYTHONDONTWRITEBYTECODE=1 \
    PYTHONUNBUFFERED=1 \
    DJANGO_SETTINGS_MODULE=config.settings.prod \
    HOST=0.0.0.0 \
    PORT=8000
USER 10001:10001
EXPOSE 8000
# Asks in the name of an allowed host, because Django answers 400 to any other, 127.0.0.1 included.
HEALTHCHECK --interval=10s --timeout=5s --start-period=30s --start-interval=1s CMD ["python", "-c", "\
import os, urllib.request as request; \
host = os.environ['ALLOWED_HOSTS'].split(',')[0].strip(' .'); \
url = 'http://127.0.0.1:' + os.environ['PORT'] + '/healthz'; \
request.urlopen(request.Request(url, headers={'Host': host}), timeout=3)"]
STOPSIGNAL SIGTERM
# Exec form: the server is process 1 and gets the signal itself. It then takes up to 10 s, so give it more.
CMD ["python", "-m", "config.serve"]
