"""The admin's site: Unfold's, with a log-in that may go on to the face."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django.contrib.auth import REDIRECT_FIELD_NAME
from django.contrib.auth.decorators import login_not_required
from django.contrib.auth.models import AnonymousUser
from django.http import HttpRequest, HttpResponseRedirect
from django.http.response import HttpResponseBase
from django.urls import reverse
from django.utils.decorators import method_decorator
from django.views.decorators.cache import never_cache
from unfold.sites import UnfoldAdminSite

from recognition.login import sessions

if TYPE_CHECKING:
    from recognition.login.accounts import Missing


class Site(UnfoldAdminSite):  # type: ignore[misc]
    """A face alone never opens it, nor a password alone as soon as the face is asked for, too."""

    def has_permission(self, request: HttpRequest) -> bool:
        return self._has_rights(request) and _missing(request) is None

    def _has_rights(self, request: HttpRequest) -> bool:
        return bool(super().has_permission(request)) and not sessions.is_by_face_alone(request)

    @method_decorator(never_cache)
    @method_decorator(login_not_required)
    def login(
        self, request: HttpRequest, extra_context: dict[str, Any] | None = None
    ) -> HttpResponseBase:
        """As Django's, by our view: Django's would let the password alone in."""
        # Both need the models, which are not there yet when this module is first read.
        from recognition.login.forms import AdminPasswordForm
        from recognition.login.passwords import PasswordLogin, go_on

        index = reverse("admin:index", current_app=self.name)
        if request.method == "GET" and self._has_rights(request):
            more = go_on(request, _missing(request), otherwise=index)
            return more or HttpResponseRedirect(index)
        user = request.user
        context = {
            **self.each_context(request),
            "title": "Log in",
            "subtitle": None,
            "app_path": request.get_full_path(),
            "username": "" if isinstance(user, AnonymousUser) else user.get_username(),
        }
        if REDIRECT_FIELD_NAME not in request.GET and REDIRECT_FIELD_NAME not in request.POST:
            context[REDIRECT_FIELD_NAME] = index
        request.current_app = self.name
        return PasswordLogin.as_view(
            extra_context=context | (extra_context or {}),
            authentication_form=AdminPasswordForm,
            template_name=self.login_template or "admin/login.html",
        )(request)


def _missing(request: HttpRequest) -> Missing | None:
    """Asked once for each request: every page of the admin wants to know several times."""
    from recognition.login.passwords import missing_here  # needs the models

    if not hasattr(request, "missing_beside_password"):
        request.missing_beside_password = missing_here(request)  # type: ignore[attr-defined]
    missing: Missing | None = request.missing_beside_password  # type: ignore[attr-defined]
    return missing
