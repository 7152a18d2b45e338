"""Tokens, and how the site is."""

from __future__ import annotations

from typing import Any, ClassVar

from django.contrib.auth import authenticate
from django.contrib.auth.models import User
from drf_spectacular.utils import extend_schema
from knox.models import AuthToken
from knox.settings import knox_settings
from rest_framework.exceptions import AuthenticationFailed, Throttled
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from recognition import health
from recognition.api import examples
from recognition.api.access import Rule
from recognition.api.authentication import SecondFactorRequired
from recognition.api.serializers import Credentials, HealthSerializer, TokenSerializer
from recognition.api.throttles import OfTokens
from recognition.login.accounts import missing_beside_password


class TokensView(APIView):
    """Log in for the API: a token that expires."""

    rules: ClassVar = {"post": Rule(public=True), "delete": Rule(own=True)}
    throttle_classes = (OfTokens,)
    max_body = 16 * 1024  # bytes

    @extend_schema(
        request=Credentials,
        responses={201: TokenSerializer},
        auth=[],
        operation_id="tokens_create",
        examples=examples.TOKENS,
    )
    def post(self, request: Request) -> Response:
        form = Credentials(data=request.data)
        form.is_valid(raise_exception=True)
        user = authenticate(request._request, **form.validated_data)
        braked = getattr(request._request, "login_brake", None)
        if braked is not None:
            raise Throttled(wait=braked.seconds)
        if not isinstance(user, User):
            raise AuthenticationFailed("User name or password is wrong.", code="wrong_credentials")
        if missing_beside_password(user):
            raise SecondFactorRequired
        token, key = AuthToken.objects.create(user=user)
        _forget_oldest(user)
        return Response({"token": key, "expires_at": token.expiry}, status=201)

    @extend_schema(request=None, responses={204: None}, operation_id="tokens_destroy")
    def delete(self, request: Request) -> Response:
        """Log out: the token of this request stops working."""
        if isinstance(request.auth, AuthToken):
            request.auth.delete()
        return Response(status=204)


def _forget_oldest(user: Any) -> None:
    """Whoever logs in again and again must not be locked out, and must not keep every token."""
    newest = AuthToken.objects.filter(user=user).order_by("-created")
    kept = newest.values("pk")[: knox_settings.TOKEN_LIMIT_PER_USER]
    AuthToken.objects.filter(user=user).exclude(pk__in=kept).delete()


class LiveView(APIView):
    """The process answers."""

    rules: ClassVar = {"get": Rule(public=True)}
    authentication_classes = ()  # not even the database is asked
    throttle_classes = ()

    @extend_schema(responses={200: HealthSerializer}, auth=[], operation_id="health_live")
    def get(self, request: Request) -> Response:
        return Response({"status": "ok"})


class ReadyView(APIView):
    """Everything that an answer needs is there; otherwise 503."""

    rules: ClassVar = {"get": Rule(public=True)}
    authentication_classes = ()
    throttle_classes = ()

    @extend_schema(
        responses={200: HealthSerializer, 503: HealthSerializer},
        auth=[],
        operation_id="health_ready",
    )
    def get(self, request: Request) -> Response:
        checks = health.checks()
        is_ok = health.is_ready(checks)
        body = {"status": "ok" if is_ok else "failing", "checks": checks}
        return Response(body, status=200 if is_ok else 503)
