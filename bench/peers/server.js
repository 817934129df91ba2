// The peer: a chat of socket.io over PostgreSQL, built as the two projects' own documentation shows it.
// README.md says which advice it takes and what it leaves out.

import { createServer } from "node:http";

import { createAdapter } from "@socket.io/postgres-adapter";
import pg from "pg";
import { Server } from "socket.io";

// Connections for queries. The adapter keeps one more to itself, to listen on.
const QUERIES_AT_ONCE_MAX = 16;
// Messages on one page of history.
const HISTORY_MESSAGES_MAX = 50;
// How long a stop waits for what is being written, in milliseconds.
const STOP_WAIT_MS_MAX = 2_000;
// Any number: processes that start together make the tables in turn.
const SCHEMA_LOCK = 7_365_627;

const UUID = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/;
const HISTORY_PATH = /^\/history\/([0-9a-f-]{36})$/;

// One string is one transaction. socket_io_attachments is the adapter's, for payloads that NOTIFY does not take.
const SCHEMA = `
  select pg_advisory_xact_lock(${SCHEMA_LOCK});
  create schema if not exists peer;
  create table if not exists peer.messages (
    id              bigserial primary key,
    conversation_id uuid not null,
    sender_id       uuid not null,
    body            text not null,
    client_id       text,
    created_at      timestamptz not null default now()
  );
  create index if not exists messages_conversation_index on peer.messages (conversation_id, id);
  create table if not exists peer.socket_io_attachments (
    id         bigserial unique,
    created_at timestamptz default now(),
    payload    bytea
  );
`;

// Named, so that PostgreSQL parses each once a connection.
const LIST_CONVERSATIONS = {
  name: "list_conversations",
  text: "select conversation_id from chat.members where user_id = $1 and active",
};
const INSERT_MESSAGE = {
  name: "insert_message",
  text: `insert into peer.messages (conversation_id, sender_id, body, client_id) values ($1, $2, $3, $4)
         returning id, conversation_id, sender_id, body, client_id, created_at`,
};
const READ_HISTORY = {
  name: "read_history",
  text: `select id, conversation_id, sender_id, body, client_id, created_at
         from (select * from peer.messages where conversation_id = $1 order by id desc limit ${HISTORY_MESSAGES_MAX}) newest
         order by id`,
};

const hasAdapter = process.env.ADAPTER !== "none";

const pool = new pg.Pool({
  connectionString: process.env.DATABASE_URL,
  max: QUERIES_AT_ONCE_MAX + (hasAdapter ? 1 : 0),
});
pool.on("error", (error) => console.error("an idle connection failed:", error.message));

await pool.query(SCHEMA);

const httpServer = createServer(answer);
const io = new Server(httpServer, {
  serveClient: false,
  ...(hasAdapter && { adapter: createAdapter(pool, { tableName: "peer.socket_io_attachments" }) }),
});

// Each connection's first HTTP request is kept unless it is let go; the documentation advises it, to save memory.
io.engine.on("connection", (rawSocket) => {
  rawSocket.request = null;
});

// In a middleware, so that a client that is told it is connected has its rooms already.
io.use(async (socket, next) => {
  const { user } = socket.handshake.auth;
  if (!UUID.test(user)) {
    return next(new Error("auth.user: must be a UUID."));
  }
  try {
    const { rows } = await pool.query({ ...LIST_CONVERSATIONS, values: [user] });
    await socket.join(rows.map((row) => row.conversation_id));
    socket.data.user = user;
    next();
  } catch (error) {
    next(error);
  }
});

io.on("connection", (socket) => {
  socket.on("send", async (message, acknowledge) => {
    try {
      const sent = await send(socket, message);
      acknowledge?.(sent);
    } catch (error) {
      console.error("a message was not sent:", error.message);
      acknowledge?.({ error: error.message });
    }
  });
});

async function send(socket, { conversation_id, body, client_id }) {
  if (!socket.rooms.has(conversation_id)) {
    throw new Error("You are not a member of this conversation.");
  }
  const { rows } = await pool.query({
    ...INSERT_MESSAGE,
    values: [conversation_id, socket.data.user, body, client_id],
  });
  const [message] = rows;
  io.to(conversation_id).emit("message", message);
  return { id: message.id };
}

async function answer(request, response) {
  const conversation = HISTORY_PATH.exec(request.url)?.[1];
  if (request.method !== "GET" || !conversation) {
    return response.writeHead(404).end();
  }
  try {
    const { rows } = await pool.query({ ...READ_HISTORY, values: [conversation] });
    const page = JSON.stringify(rows);
    response.writeHead(200, { "content-type": "application/json", "content-length": Buffer.byteLength(page) }).end(page);
  } catch (error) {
    console.error("a page was not read:", error.message);
    response.writeHead(500).end();
  }
}

httpServer.listen(Number(process.env.PORT ?? 0), () => console.log(`listening on ${httpServer.address().port}`));

process.once("SIGTERM", async () => {
  setTimeout(() => process.exit(0), STOP_WAIT_MS_MAX).unref();
  await io.close();
  await pool.end();
  process.exit(0);
});
