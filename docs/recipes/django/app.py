"""A shop in Django, with the chat in its order's page."""

import os
import secrets
import time
from pathlib import Path

import django
import jwt
from django.conf import settings

CHAT_URL = os.environ.get("CHAT_URL", "http://localhost:8000")
CHAT_SECRET_KEY = os.environ["SECRET_KEY"]  # the chat's own: it verifies by it what is signed here
TOKEN_SECONDS = 600  # the element asks for another in time

settings.configure(
    # Django's own key is another: a cookie of the one is no token of the other.
    SECRET_KEY=secrets.token_hex(32),
    ALLOWED_HOSTS=["localhost", "127.0.0.1"],
    ROOT_URLCONF=__name__,
    INSTALLED_APPS=["django.contrib.auth", "django.contrib.contenttypes", "django.contrib.sessions"],
    MIDDLEWARE=[
        "django.contrib.sessions.middleware.SessionMiddleware",
        "django.middleware.csrf.CsrfViewMiddleware",
        "django.contrib.auth.middleware.AuthenticationMiddleware",
    ],
    DATABASES={"default": {"ENGINE": "django.db.backends.sqlite3", "NAME": "file:shop?mode=memory&cache=shared"}},
    TEMPLATES=[{"BACKEND": "django.template.backends.django.DjangoTemplates", "DIRS": [Path(__file__).parent / "templates"]}],
    USE_TZ=True,
)
django.setup()

from django.contrib.auth import get_user_model, login, logout  # noqa: E402
from django.core.management import call_command  # noqa: E402
from django.http import JsonResponse  # noqa: E402
from django.shortcuts import redirect, render  # noqa: E402
from django.urls import path  # noqa: E402
from django.views.decorators.http import require_POST  # noqa: E402


def order(request):
    return render(request, "order.html", {"shopper": request.user, "chat_url": CHAT_URL})


@require_POST
def log_in(request):
    # A demo takes any name; yours asks for a password.
    user, _ = get_user_model().objects.get_or_create(username=request.POST["name"][:80])
    login(request, user)
    return redirect("/")


@require_POST
def log_out(request):
    logout(request)
    return redirect("/")


def chat_token(request):
    if not request.user.is_authenticated:
        return JsonResponse({"detail": "nobody is logged in"}, status=401)
    claims = {
        "sub": str(request.user.pk),
        "name": request.user.get_full_name() or request.user.username,
        "exp": int(time.time()) + TOKEN_SECONDS,
    }
    return JsonResponse({"token": jwt.encode(claims, CHAT_SECRET_KEY, algorithm="HS256")})


urlpatterns = [
    path("", order),
    path("login", log_in),
    path("logout", log_out),
    path("chat-token", chat_token),
]

if __name__ == "__main__":
    call_command("migrate", verbosity=0)
    call_command("runserver", f"127.0.0.1:{os.environ.get('PORT', '3000')}", use_reloader=False, skip_checks=True)
