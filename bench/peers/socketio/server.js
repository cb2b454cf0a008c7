// A room chat on Socket.IO with its Redis adapter. It keeps nothing: a message is emitted and acknowledged.
import { readFileSync } from "node:fs";
import { createServer } from "node:http";
import { createAdapter } from "@socket.io/redis-adapter";
import { createClient } from "redis";
import { Server } from "socket.io";

const tokens = new Map(JSON.parse(readFileSync(process.env.TOKENS)).map((token, id) => [token, id]));

const publisher = createClient({ url: process.env.REDIS_URL });
const subscriber = publisher.duplicate();
await Promise.all([publisher.connect(), subscriber.connect()]);

const http = createServer();
const io = new Server(http, {
  adapter: createAdapter(publisher, subscriber),
  transports: ["websocket"],
  perMessageDeflate: false,
  pingInterval: 25000,
  pingTimeout: 25000,
});

io.use((socket, next) => {
  const user = tokens.get(socket.handshake.auth.token);
  if (user === undefined) return next(new Error("unauthenticated"));
  socket.data.user = { id: user, username: `bench-${user}` };
  next();
});

io.on("connection", (socket) => {
  const { room } = socket.handshake.auth;
  if (room) socket.join(room);
  socket.on("message", (to, body, acknowledge) => {
    io.to(to).emit("message", { room: to, author: socket.data.user, body, created_at: new Date().toISOString() });
    acknowledge();
  });
});

http.listen(Number(process.env.PORT), "127.0.0.1", 4096);
