#!/usr/bin/env bash
# Reconnecting WebSocket clients disagree on which of the server's close codes ends them, and none of these takes 4401 (or
# any other code of an application) for an end. One would guess: 1001, which a server that restarts sends, is followed
# by a reconnection, and 1000 is not.
# Seen: sockette 2.0.6 never comes back after 1001 (nor 1000, 1005), and does after 1008, 1012 and 4401;
# reconnecting-websocket 4.4.0 and partysocket 1.3.0 come back after each of them, 1000 included.
set -euo pipefail
folder=$(mktemp -d); trap 'rm -rf "$folder"' EXIT
cd "$folder"
npm init --yes >/dev/null
npm install --silent --no-audit --no-fund ws@8.23.0 sockette@2.0.6 reconnecting-websocket@4.4.0 partysocket@1.3.0
cat > look.mjs <<'JS'
import { createRequire } from "module";
import { WebSocket, WebSocketServer } from "ws";
const require = createRequire(import.meta.url);
globalThis.WebSocket = WebSocket;
const sockette = require("sockette");
const reconnecting = require("reconnecting-websocket");
const { default: PartySocket } = await import("partysocket/ws");
const clients = {
  sockette: url => (sockette.default || sockette)(url, { timeout: 200, maxAttempts: 9, onerror() {} }),
  "reconnecting-websocket": url => new (reconnecting.default || reconnecting)(url, [], { WebSocket, minReconnectionDelay: 200 }),
  partysocket: url => new PartySocket(url, [], { WebSocket, minReconnectionDelay: 200 }),
};
const codes = [1000, 1001, 1008, 1012, 4401];

async function returns(connect, code) {
  const server = new WebSocketServer({ port: 0, host: "127.0.0.1" });
  await new Promise(ready => server.on("listening", ready));
  let connections = 0;
  server.on("connection", socket => { connections += 1; socket.close(code); });
  const client = connect(`ws://127.0.0.1:${server.address().port}/`);
  await new Promise(done => setTimeout(done, 5000));
  client.close();
  server.close();
  return connections > 1;
}

const rows = await Promise.all(Object.entries(clients).map(async ([name, connect]) => {
  const seen = await Promise.all(codes.map(code => returns(connect, code)));
  return `${name} returns after: ${codes.filter((_, at) => seen[at]).join(" ")}`;
}));
console.log(rows.join("\n"));
process.exit(0);
JS
node look.mjs | tee seen
diff seen - <<'EXPECTED'
sockette returns after: 1008 1012 4401
reconnecting-websocket returns after: 1000 1001 1008 1012 4401
partysocket returns after: 1000 1001 1008 1012 4401
EXPECTED
