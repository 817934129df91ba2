// A shop in Express, with the chat in its order's page.
"use strict";

const { randomUUID } = require("node:crypto");
const express = require("express");
const jwt = require("jsonwebtoken");

const CHAT_URL = process.env.CHAT_URL ?? "http://localhost:8000";
const PORT = Number(process.env.PORT ?? 3000);
const { SECRET_KEY } = process.env; // the chat's own: it verifies by it what is signed here
if (!SECRET_KEY) throw new Error("SECRET_KEY is not set: it is the chat's");

const users = new Map(); // id by name: your table
const sessions = new Map(); // user by the cookie's value

const app = express();
app.use(express.urlencoded({ extended: false, limit: "4kb" }));
app.use((request, _response, next) => {
  const cookie = /(?:^|; )shop=([0-9a-f-]{36})/.exec(request.headers.cookie ?? "");
  request.user = sessions.get(cookie?.[1]) ?? null;
  next();
});

app.get("/", (request, response) => response.send(orderPage(request.user)));

// A demo takes any name; yours asks for a password.
app.post("/login", (request, response) => {
  const name = String(request.body?.name ?? "").trim().slice(0, 80);
  if (!name) return response.status(422).send("A name is needed.");
  if (!users.has(name)) users.set(name, String(users.size + 1));
  const session = randomUUID();
  sessions.set(session, { id: users.get(name), name });
  response.cookie("shop", session, { httpOnly: true, sameSite: "lax" }).redirect(303, "/");
});

app.post("/logout", (_request, response) => response.clearCookie("shop").redirect(303, "/"));

app.get("/chat-token", ({ user }, response) => {
  if (!user) return response.status(401).json({ detail: "nobody is logged in" });
  // The element asks for another in time.
  response.json({ token: jwt.sign({ name: user.name }, SECRET_KEY, { subject: user.id, expiresIn: "10m" }) });
});

app.listen(PORT, "127.0.0.1", () => console.log(`the shop: http://localhost:${PORT}`));

function orderPage(user) {
  const body = user
    ? `<form method="post" action="/logout">${escaped(user.name)} <button>Log out</button></form>
       <script type="module" src="${escaped(CHAT_URL)}/embed.js"></script>
       <web-chat mode="inline" topic="order-4711" title="Order 4711" token-url="/chat-token" style="block-size: 32rem"></web-chat>`
    : `<form method="post" action="/login">
         <label>Name <input name="name" required maxlength="80" autocomplete="username"></label>
         <button>Log in</button>
       </form>`;
  return `<!doctype html>
    <html lang="en">
    <meta charset="utf-8">
    <meta name="viewport" content="width=device-width, initial-scale=1">
    <title>Order 4711</title>
    <h1>Order 4711</h1>
    ${body}`;
}

function escaped(text) {
  return text.replace(/[&<>"']/g, (character) => `&#${character.charCodeAt(0)};`);
}
