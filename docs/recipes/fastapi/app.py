"""A shop in FastAPI, with the chat in its order's page."""

import os
import secrets
import sqlite3
import time
from pathlib import Path
from typing import Annotated

import jwt
import uvicorn
from fastapi import Depends, FastAPI, Form, HTTPException, Request
from fastapi.responses import HTMLResponse, RedirectResponse
from fastapi.templating import Jinja2Templates
from starlette.middleware.sessions import SessionMiddleware

CHAT_URL = os.environ.get("CHAT_URL", "http://localhost:8000")
SECRET_KEY = os.environ["SECRET_KEY"]  # the chat's own: it verifies by it what is signed here
TOKEN_SECONDS = 600  # the element asks for another in time

app = FastAPI()
# The shop's own sessions, by another key: a cookie of the one is no token of the other.
app.add_middleware(SessionMiddleware, secret_key=secrets.token_hex(32), same_site="lax")
templates = Jinja2Templates(Path(__file__).parent / "templates")

users = sqlite3.connect(":memory:", check_same_thread=False)
users.execute("create table users (id integer primary key, name text not null unique)")


def logged_in(request: Request):
    """Whoever is logged in, as (id, name); None for nobody."""
    user_id = request.session.get("user_id")
    return users.execute("select id, name from users where id = ?", (user_id,)).fetchone()


User = Annotated[tuple | None, Depends(logged_in)]


@app.get("/", response_class=HTMLResponse)
async def order(request: Request, user: User):
    return templates.TemplateResponse(request, "order.html", {"user": user, "chat_url": CHAT_URL})


@app.post("/login")
async def log_in(request: Request, name: Annotated[str, Form(min_length=1, max_length=80)]):
    users.execute("insert or ignore into users (name) values (?)", (name,))
    (user_id,) = users.execute("select id from users where name = ?", (name,)).fetchone()
    request.session["user_id"] = user_id
    return RedirectResponse("/", status_code=303)


@app.post("/logout")
async def log_out(request: Request):
    request.session.clear()
    return RedirectResponse("/", status_code=303)


@app.get("/chat-token")
async def chat_token(user: User):
    if user is None:
        raise HTTPException(401)
    user_id, name = user
    claims = {"sub": str(user_id), "name": name, "exp": int(time.time()) + TOKEN_SECONDS}
    return {"token": jwt.encode(claims, SECRET_KEY, algorithm="HS256")}


if __name__ == "__main__":
    uvicorn.run(app, host="127.0.0.1", port=int(os.environ.get("PORT", "3000")), log_level="warning")
